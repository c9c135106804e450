"""`--swing` on a command line. Knows click; knows no music."""

from __future__ import annotations

from typing import Any

import click

from shared.swing import SwingWish, swing_wish


class SwingChoice(click.ParamType[SwingWish]):
    """`auto`, `free`, or a beat-upbeat ratio."""

    name = "swing"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> SwingWish:
        """The wish, or click's error that names what is accepted."""
        try:
            return swing_wish(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
