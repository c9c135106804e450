"""Progress for people: lines now and then where nobody watches a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from trainer.shown import EVERY_SEC, shown


def test_a_log_gets_a_line_now_and_then() -> None:
    text, now_sec = io.StringIO(), 0.0
    with shown("work", 200, Console(file=text), lambda: now_sec) as advance:
        for _ in range(100):
            now_sec += EVERY_SEC / 10
            advance(2)
    lines = text.getvalue().splitlines()
    assert lines[0] == "work: 10 %"
    assert lines[-1] == "work: 100 %"
    assert len(lines) == 10


def test_a_terminal_gets_a_bar() -> None:
    text = io.StringIO()
    with shown("work", 4, Console(file=text, force_terminal=True, width=80)) as advance:
        advance(4)
    assert "work" in text.getvalue()
    assert "100%" in text.getvalue()
