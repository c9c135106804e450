"""The file `table.json` beside a humanizer: small trees taught to answer as it does. Knows its form; knows no notes and no net."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from shared.errors import CheckpointError, ConfigError
from shared.files import written_whole
from shared.touch_trees import SEES, SEES_DRUMS, VOICE_COUNT, grown
from shared.written import DRUMS, INSTRUMENTS

if TYPE_CHECKING:
    from shared.touch_trees import Tree

TABLE_FILE_NAME = "table.json"
QUANTITIES = ("velocity", "onset_ms", "log_ratio")
"""What a table may answer, named and measured as in `shared.written.Performance`."""

Finite = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Shape = Annotated[tuple[Finite, ...], msgspec.Meta(min_length=2, max_length=101)]
Voice = Annotated[int, msgspec.Meta(ge=0, lt=VOICE_COUNT)]


class Trees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trees as the two flat lists of `shared.touch_trees.grown`. Raises ValueError where a tree is cut short or damaged."""

    columns: tuple[int, ...]
    numbers: tuple[Finite, ...]

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.numbers) or not self.columns:
            raise ValueError("columns and numbers of one length expected, and at least one tree")
        if min(self.columns) < -1:
            raise ValueError("a column is -1 or more")
        try:
            self.grown()
        except (IndexError, RecursionError):
            raise ValueError("the last tree is cut short") from None

    def grown(self) -> list[Tree]:
        """The trees, ready to answer."""
        return grown(self.columns, self.numbers)

    def settled(self, known: Mapping[int, float]) -> Trees:
        """The same trees where the columns in `known` always hold those values: without the branches that are never taken."""
        columns: list[int] = []
        numbers: list[float] = []
        for tree in self.grown():
            _flatten(tree, known, columns, numbers)
        return Trees(tuple(columns), tuple(numbers))


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One quantity's answer: the `middle`; how far players stray from it (`spread`, a deviation above 0); and how they stray.

    `shape` holds evenly spaced quantiles of the straying, in deviations; `carry` is the share of it that the next note keeps.
    """

    middle: Trees
    spread: Trees
    shape: Shape
    carry: Annotated[float, msgspec.Meta(ge=0, lt=1)]


class TouchTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A player's touch for one instrument. `styles` are the columns after those of `touch_trees`: 1 in the style that is played."""

    version: Literal[1]
    model: str
    instrument: Literal[INSTRUMENTS]  # type: ignore[valid-type]
    styles: tuple[str, ...]
    voice_of_pitch: tuple[Voice, ...]
    quantities: dict[Literal[QUANTITIES], Quantity]  # type: ignore[valid-type]

    def __post_init__(self) -> None:
        if len(self.voice_of_pitch) != (128 if self.instrument == DRUMS else 0):
            raise ValueError("voice_of_pitch: 128 voices expected for drums, none for the others")
        if not self.quantities:
            raise ValueError("quantities: at least one expected")
        for name, quantity in self.quantities.items():
            if max(*quantity.middle.columns, *quantity.spread.columns) >= len(self.sees):
                raise ValueError(f"{name}: a tree looks at a column beyond the {len(self.sees)} that there are")

    @property
    def sees(self) -> tuple[str, ...]:
        """The columns of a note's row, in order."""
        return (*(SEES_DRUMS if self.instrument == DRUMS else SEES), *self.styles)

    def in_style(self, style: str) -> TouchTable:
        """The table for `style` alone, its rows without columns for styles. Raises ConfigError for a style that it does not know."""
        if style not in self.styles:
            raise ConfigError(f"--style {style}: {self.model} has no such style in its table; there are {', '.join(self.styles)}")
        first = len(self.sees) - len(self.styles)
        known = {first + place: float(name == style) for place, name in enumerate(self.styles)}
        alone = {
            name: msgspec.structs.replace(quantity, middle=quantity.middle.settled(known), spread=quantity.spread.settled(known))
            for name, quantity in self.quantities.items()
        }
        return msgspec.structs.replace(self, styles=(), quantities=alone)


def write_table(path: Path, table: TouchTable) -> None:
    """Write `table`, whole or not at all. Raises OSError."""
    with written_whole(path) as draft:
        draft.write_bytes(msgspec.json.encode(table) + b"\n")


def read_table(folder: Path) -> TouchTable:
    """The table in a model's folder. Raises CheckpointError where there is none or it is damaged."""
    path = folder / TABLE_FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=TouchTable)
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder}: has no {TABLE_FILE_NAME}; make one with `python -m trainer duv distil --model {folder.name} --manifest FILE`"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: is no table of this version: {error}; make it anew with `python -m trainer duv distil`") from None


def _flatten(tree: Tree, known: Mapping[int, float], columns: list[int], numbers: list[float]) -> None:
    while isinstance(tree, tuple) and tree[0] in known:
        tree = tree[2] if known[tree[0]] <= tree[1] else tree[3]
    if not isinstance(tree, tuple):
        columns.append(-1)
        numbers.append(tree)
        return
    columns.append(tree[0])
    numbers.append(tree[1])
    _flatten(tree[2], known, columns, numbers)
    _flatten(tree[3], known, columns, numbers)
