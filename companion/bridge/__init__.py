"""The bridge: a process of its own between FL Studio's MIDI ports and the companion. Knows no torch and no model."""
