"""What the system refuses, above all a full disk, as one line with the mend. Knows no files of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

from shared.errors import DataError


@contextmanager
def resumable() -> Iterator[None]:
    """Work that goes on where it was when its command is given again: errors of the system become DataErrors that say so."""
    mend = "make room or choose another folder, then give the same command again: it goes on where it was"
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        raise DataError(f"{where}cannot be written ({error.strerror or error}); {mend}") from None
    except SafetensorError as error:
        raise DataError(f"weights cannot be written ({error}); {mend}") from None
