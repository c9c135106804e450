"""Every error that JamBot raises on purpose. Each message says what, where, and the mend.

    JamBotError
    ├── ConfigError       a setting, option or chart that the user wrote
    ├── CheckpointError   model files missing, damaged or of another kind
    ├── ProtocolError     a message or frame that breaks the wire's rules
    ├── PortError         a MIDI port or socket missing, busy or refused
    └── DataError         a music file or data set that cannot be used
"""


class JamBotError(Exception):
    """Base of all errors whose text is meant for the user: shown as one line, exit code 2."""


class ConfigError(JamBotError):
    """A setting, command-line value or chart is wrong."""


class CheckpointError(JamBotError):
    """Model files are missing, damaged, or do not match their model."""


class ProtocolError(JamBotError):
    """A message or frame breaks the rules of the wire."""


class PortError(JamBotError):
    """A MIDI port or socket is missing, busy or refused."""


class DataError(JamBotError):
    """A music file or data set cannot be used."""
