"""Which tunes are learned from and which are kept for measuring. Knows names; knows no music."""

from __future__ import annotations

import hashlib

PARTS = ("train", "val", "test")
VAL_SHARE = 0.06
TEST_SHARE = 0.08


def part_of(tune: str, salt: str = "jambot") -> str:
    """`train`, `val` or `test` for a tune: the same wherever and whenever it is asked, for all its takes and in every source."""
    digest = hashlib.blake2b(f"{salt}:{tune}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    return "test" if place < TEST_SHARE else "val" if place < TEST_SHARE + VAL_SHARE else "train"
