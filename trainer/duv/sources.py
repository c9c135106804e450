"""Where the humanizer's music comes from, and who reads it. Knows which files make a source; knows nothing of what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shared.errors import DataError
from trainer import jjswing, weimar
from trainer import pop909 as songs
from trainer.duv import groove, midi_folder, pop909, solos, violin, walking
from trainer.duv.reading import TrackReading
from trainer.ledger import file_digest, key_of
from trainer.music_found import Find
from trainer.reading import Dropped

# Raised where reading changes what comes out: what an unfinished run has kept is then read again.
READER_VERSION = 1
FILES = {
    groove.NAME: (groove.ARCHIVE, groove.INFO),
    songs.NAME: (songs.ARCHIVE,),
    weimar.NAME: (weimar.NOTES, weimar.META),
    jjswing.NAME: tuple(walking.FILES.values()),
    violin.NAME: (violin.ARCHIVE,),
}
_READERS: dict[str, Callable[[Path], TrackReading]] = {
    groove.NAME: groove.read_tracks,
    songs.NAME: pop909.read_tracks,
    weimar.NAME: solos.read_tracks,
    jjswing.NAME: walking.read_tracks,
    violin.NAME: violin.read_tracks,
}


def find_key(find: Find) -> str:
    """The same for the same content read in the same way, whatever its files' dates."""
    paths = [find.path] if find.kind == midi_folder.NAME else [find.path / name for name in FILES[find.kind]]
    return key_of(READER_VERSION, find.kind, find.label, [file_digest(path) for path in paths])


def read_find(find: Find) -> TrackReading:
    """The tracks of a find; a source that cannot be read is left out with the reason."""
    try:
        if find.kind == midi_folder.NAME:
            return midi_folder.read_tracks(find.path.read_bytes(), find.label)
        return _READERS[find.kind](find.path)
    except DataError as error:
        return TrackReading((), (Dropped(find.label, str(error)),))
    except OSError as error:
        return TrackReading((), (Dropped(find.label, f"cannot be read ({error.strerror})"),))
