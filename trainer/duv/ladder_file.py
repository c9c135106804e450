"""The file `ladder.safetensors` beside a humanizer: the baselines that it is measured against. Knows the form; knows no measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from shared.errors import CheckpointError
from shared.files import written_whole
from shared.written import DRUMS
from trainer.duv.ladder import Ladder
from trainer.duv.ladder_boosting import Trees
from trainer.duv.ladder_lookup import Lookup
from trainer.duv.ladder_ridge import Ridge
from trainer.duv.ladder_rows import rows_hash

LADDER_FILE_NAME = "ladder.safetensors"
FORMAT = "1"
_AGAIN = "fit it again with `python -m trainer duv ladder`"

Tensors = dict[str, Any]


def save_ladder(path: Path, ladder: Ladder) -> None:
    """Write `ladder` to `path`, whole or not at all. Raises OSError where the system refuses."""
    tensors: Tensors = {
        "median": ladder.median,
        "lookup.key": ladder.lookup.key, "lookup.mean": ladder.lookup.mean, "lookup.quantiles": ladder.lookup.quantiles,
        "ridge.weight": ladder.ridge.weight, "ridge.offset": ladder.ridge.offset,
    }  # fmt: skip
    for kind, forest in (("bare", ladder.bare), ("full", ladder.full)):
        for name, trees in forest.items():
            tensors |= {f"{kind}.{name}.column": trees.column, f"{kind}.{name}.number": trees.number}
    rows = rows_hash(ladder.instrument == DRUMS)
    meta = {"instrument": ladder.instrument, "jambot_ladder": FORMAT, "learned_from": ladder.learned_from, "rows": rows}
    with written_whole(path) as draft:
        draft.write_bytes(save(tensors, meta))


def load_ladder(path: Path) -> Ladder:
    """The ladder in `path`. Raises CheckpointError where it is damaged or was fitted to other features."""
    try:
        with safe_open(path, framework="numpy") as file:
            meta = file.metadata() or {}
            tensors: Tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 the file is no dict
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as a ladder ({error}); {_AGAIN}") from None
    if meta.get("jambot_ladder") != FORMAT:
        raise CheckpointError(f"{path}: no ladder of this version; {_AGAIN}")
    if meta.get("rows") != rows_hash(meta.get("instrument") == DRUMS):
        raise CheckpointError(f"{path}: fitted to other features than this version's; {_AGAIN}")
    try:
        lookup = Lookup(tensors["lookup.key"], tensors["lookup.mean"], tensors["lookup.quantiles"])
        ridge = Ridge(tensors["ridge.weight"], tensors["ridge.offset"])
        forests = [_forest(tensors, kind) for kind in ("bare", "full")]
        return Ladder(meta["instrument"], meta["learned_from"], tensors["median"], lookup, ridge, *forests)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged ({error}); {_AGAIN}") from None


def _forest(tensors: Tensors, kind: str) -> dict[str, Trees]:
    found = {}
    for name in tensors:
        forest, _, rest = name.partition(".")
        if forest == kind and rest.endswith(".column"):
            quantity = rest.removesuffix(".column")
            found[quantity] = Trees(tensors[name], tensors[f"{kind}.{quantity}.number"])
    return found
