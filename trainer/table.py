"""Parquet tables as rows. Knows files; knows no music."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shared.errors import DataError

Row = dict[str, Any]


def read_rows(path: Path, columns: Iterable[str], optional: Iterable[str] = ()) -> list[Row]:
    """The rows of a parquet file with `columns`, and those of `optional` that it has. Raises DataError where it is no such table."""
    wanted = list(columns)
    try:
        there = set(pq.read_schema(path).names)
        rows: list[Row] = pq.read_table(path, columns=[*wanted, *(name for name in optional if name in there)]).to_pylist()
    except (OSError, pa.ArrowException) as error:
        first = (str(error).splitlines() or [""])[0]
        raise DataError(f"{path}: cannot be read as a table with {', '.join(wanted)} ({first})") from None
    if rows and len(rows[0]) < len(wanted):
        raise DataError(f"{path}: lacks {', '.join(sorted(set(wanted) - set(rows[0])))}; expected {', '.join(wanted)}")
    return rows


def grouped(rows: list[Row], key: str) -> dict[str, list[Row]]:
    """Rows by the value of `key`, in their order."""
    return {str(name): list(group) for name, group in groupby(sorted(rows, key=itemgetter(key)), itemgetter(key))}
