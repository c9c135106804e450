"""`--swing` on a command line. Knows click; knows no music but the range of ratios."""

from __future__ import annotations

import math
from typing import Any, cast

import click

from shared.swing import RATIO_MAX, RATIO_MIN, SwingWish


class SwingChoice(click.ParamType[SwingWish]):
    """`auto`, `free`, or a beat-upbeat ratio."""

    name = "swing"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> SwingWish:
        """The wish, or click's error that names what is accepted."""
        if value in ("auto", "free"):
            return cast(SwingWish, value)
        try:
            ratio = float(value)
        except ValueError:
            ratio = math.nan
        if not RATIO_MIN <= ratio <= RATIO_MAX:
            ratios = f"a ratio from {RATIO_MIN:g} (straight) to {RATIO_MAX:g} (triplets)"
            self.fail(f"{value!r} is neither auto nor free nor {ratios}.", param, ctx)
        return ratio
