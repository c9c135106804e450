"""Which tunes are learned from and which are kept for measuring. Knows names; knows no music."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

PARTS = ("train", "val", "test")
VAL_SHARE = 0.06
TEST_SHARE = 0.08


def part_of(tune: str, salt: str = "jambot") -> str:
    """`train`, `val` or `test` for a tune: the same wherever and whenever it is asked, for all its takes and in every source."""
    place = _place(tune, salt)
    return "test" if place < TEST_SHARE else "val" if place < TEST_SHARE + VAL_SHARE else "train"


def parts_of(tunes: Iterable[str]) -> dict[str, str]:
    """The part of each of `tunes`, as `part_of` has it, but with every part in use where there are three tunes or more.

    A set so small that chance leaves a part empty gives it the tune that is next in line; of two tunes one is `val`.
    """
    ordered = sorted(set(tunes), key=_place)
    parts = {tune: part_of(tune) for tune in ordered}
    used = PARTS[: len(ordered)]
    for wanted in used:
        if wanted in parts.values():
            continue
        counts = Counter(parts.values())
        spare = [tune for tune in ordered if counts[parts[tune]] > 1 or parts[tune] not in used]
        learned = [tune for tune in spare if parts[tune] == "train"]
        parts[spare[-1] if wanted == "train" else (learned or spare)[0]] = wanted
    return parts


def _place(tune: str, salt: str = "jambot") -> float:
    """Where a tune stands between 0 and 1, by chance but always the same."""
    digest = hashlib.blake2b(f"{salt}:{tune}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
