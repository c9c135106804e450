"""Chord charts as text: bars of chord symbols become chord changes in ticks. Knows no song position and no sound.

    # a comment
    title: Three chords        headers, all optional: title, tempo (BPM), meter (such as 3/4)
    Dm7 | G7 . Db7 . | Cmaj7 | %

A bar ends at `|` or at the line's end. What stands in a bar shares it evenly; `.` or `/` goes on with the chord before, `%` alone
repeats the bar before, `NC` is silence, `|:` and `:|` enclose what is played twice.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path

from shared.chords import Chord, parse_symbol
from shared.errors import ConfigError
from shared.music import TEMPO_BPM_MAX, TEMPO_BPM_MIN, Meter

CELLS_MAX = 16
BARS_MAX = 4096
FILE_BYTES_MAX = 1 << 20
ACCEPTED = "accepted are chords such as Dm7, G7b9, Bbmaj7, F#m7b5, C7alt, C/E; NC (silence); . or / (chord goes on); % (bar again); | |: :|"
_HEADER = re.compile(r"\s*(?P<name>[A-Za-z_-]+)\s*:(?!\|)\s*(?P<value>.*?)\s*$")
_TOKEN = re.compile(r":\|\|?:?|\|\|?:?\|?|[^\s|:]+|:")
_CONTINUED = (".", "/")

Cell = Chord | None
Bar = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of chords that repeat for ever. `bars[i]` holds the chords that share bar i evenly, None for silence.

    `own_meter` tells whether the chart's text names its metre; else it takes any. `tempo_bpm` and `title` are None unless named.
    """

    meter: Meter
    bars: tuple[Bar, ...]
    own_meter: bool = False
    tempo_bpm: float | None = None
    title: str | None = None

    @property
    def length_ticks(self) -> int:
        """Length of the chart once through."""
        return len(self.bars) * self.meter.bar_ticks

    @property
    def changes(self) -> tuple[tuple[int, Cell], ...]:
        """(tick, chord) of every change once through, the first at tick 0."""
        found: list[tuple[int, Cell]] = []
        for index, bar in enumerate(self.bars):
            for place, chord in enumerate(bar):
                if not found or chord != found[-1][1]:
                    found.append((index * self.meter.bar_ticks + round(place * self.meter.bar_ticks / len(bar)), chord))
        return tuple(found)

    def in_meter(self, meter: Meter) -> Chart:
        """The same bars in another metre, unless the chart names its own."""
        return self if self.own_meter else replace(self, meter=meter)


class RepeatingChanges:
    """A chart's changes laid end to end from tick 0, in both directions."""

    def __init__(self, chart: Chart) -> None:
        self._changes = chart.changes
        self._ticks = [tick for tick, _ in self._changes]
        self._length = chart.length_ticks

    def chord_at(self, tick: int) -> Cell:
        """The chord that stands at `tick`."""
        return self._changes[bisect_right(self._ticks, tick % self._length) - 1][1]

    def between(self, from_tick: int, to_tick: int) -> list[tuple[int, Cell]]:
        """(tick, chord) of the changes in from_tick..to_tick-1, ascending, without those that change nothing."""
        found: list[tuple[int, Cell]] = []
        start = from_tick - from_tick % self._length
        while start < to_tick:
            for tick, chord in self._changes:
                if from_tick <= start + tick < to_tick and chord != self.chord_at(start + tick - 1):
                    found.append((start + tick, chord))
            start += self._length
        return found


def read_chart(path: Path) -> Chart:
    """The chart in a text file. Raises ConfigError as `read_chart_text` and `parse_chart` do."""
    return parse_chart(read_chart_text(path), str(path))


def read_chart_text(path: Path) -> str:
    """The text of a chart's file. Raises ConfigError for what cannot be read, is no text, or is too long."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: the chart cannot be read ({error.strerror}); name a text file with chords") from None
    if data.startswith(b"MThd"):
        raise ConfigError(f"{path}: this is a MIDI file; a chart is a text file with chords, such as: Dm7 | G7 | Cmaj7 | %")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or len(data) > FILE_BYTES_MAX:
        raise ConfigError(f"{path}: this is no chart; a chart is a text file (UTF-8) with chords, such as: Dm7 | G7 | Cmaj7 | %")
    return text


def parse_chart(text: str, origin: str = "chart", meter: Meter | None = None) -> Chart:
    """The chart that `text` spells, in `meter` (4/4 where None) unless the text names one.

    Raises ConfigError that names `origin`, line, column, the offending text and what is accepted.
    """
    reader = _Reader(origin)
    for number, line in enumerate(text.splitlines(), 1):
        reader.line(number, line)
    reader.end()
    return Chart(reader.meter or meter or Meter(), tuple(reader.bars), reader.meter is not None, reader.tempo_bpm, reader.title)


class _Reader:
    """Collects bars line by line; keeps the place for messages."""

    def __init__(self, origin: str) -> None:
        self.bars: list[Bar] = []
        self.meter: Meter | None = None
        self.tempo_bpm: float | None = None
        self.title: str | None = None
        self._origin = origin
        self._place = (1, 1)
        self._cells: list[Cell] = []
        self._repeated = False
        self._repeat_from: int | None = None
        self._after_line = False

    def line(self, number: int, line: str) -> None:
        """Read one line: a header, or bars."""
        header = _HEADER.match(line)
        if header is not None and not line.lstrip().startswith("#"):
            self._place = (number, header.start("name") + 1)
            self._header(header["name"], header["value"])
            return
        self._after_line = False
        for match in _TOKEN.finditer(line):
            self._place = (number, match.start() + 1)
            token = match[0]
            if token.startswith("#"):
                break
            if "|" in token or token == ":":
                self._bar_line(token)
            else:
                self._cell(token)
        self._close()

    def end(self) -> None:
        """Check what only the whole tells."""
        if not self.bars:
            raise ConfigError(f"{self._origin}: no chords in it; write bars such as: Dm7 | G7 | Cmaj7 | %")
        if self._repeat_from is not None:
            raise self._wrong("|:", "is never closed; write :| where the repeat ends")

    def _header(self, name: str, value: str) -> None:
        match name.lower():
            case "title":
                self.title = value
            case "tempo":
                try:
                    tempo_bpm = float(value)
                except ValueError:
                    tempo_bpm = float("nan")
                if not TEMPO_BPM_MIN <= tempo_bpm <= TEMPO_BPM_MAX:
                    raise self._wrong(value, f"is no tempo; accepted is {TEMPO_BPM_MIN:g} to {TEMPO_BPM_MAX:g} BPM")
                self.tempo_bpm = tempo_bpm
            case "meter" | "metre" | "time":
                parts = re.fullmatch(r"(\d{1,2})\s*/\s*(\d{1,2})", value)
                try:
                    self.meter = Meter(int(parts[1]), int(parts[2])) if parts is not None else Meter(0)
                except ValueError:
                    raise self._wrong(value, "is no metre; accepted is 1 to 32 over 2, 4, 8 or 16, such as 3/4") from None
            case _:
                raise self._wrong(f"{name}:", "is no header; accepted are title:, tempo:, meter:")

    def _bar_line(self, token: str) -> None:
        if token == ":":
            raise self._wrong(token, f"stands alone; {ACCEPTED}")
        if not self._cells and not self._repeated and self._after_line and token == "|":
            raise self._wrong(token, "ends an empty bar; write % to repeat the bar before, or NC for silence")
        self._close()
        self._after_line = True
        if token.startswith(":"):
            start = self._repeat_from or 0
            if start == len(self.bars):
                raise self._wrong(token, "has no bar to repeat; write chords before it")
            self._extend(self.bars[start:])
            self._repeat_from = None
        if token.endswith(":"):
            if self._repeat_from is not None:
                raise self._wrong(token, "opens a repeat within a repeat; close the first one with :|")
            self._repeat_from = len(self.bars)

    def _cell(self, token: str) -> None:
        if self._repeated or (token == "%" and self._cells):
            raise self._wrong(token, "shares its bar; % stands alone in a bar and repeats the bar before")
        if token == "%":
            if not self.bars:
                raise self._wrong(token, "has no bar before it to repeat; begin with a chord")
            self._repeated = True
            return
        if token in _CONTINUED:
            if not self._cells and not self.bars:
                raise self._wrong(token, "has no chord before it to go on with; begin with a chord")
            self._cells.append(self._cells[-1] if self._cells else self.bars[-1][-1])
        else:
            try:
                self._cells.append(parse_symbol(token))
            except ValueError:
                raise self._wrong(token, f"is no chord; {ACCEPTED}") from None
        if len(self._cells) > CELLS_MAX:
            raise self._wrong(token, f"is one too many in its bar; accepted are up to {CELLS_MAX}; divide bars with |")

    def _close(self) -> None:
        if self._repeated:
            self._extend(self.bars[-1:])
        elif self._cells:
            self._extend([tuple(self._cells)])
        self._cells, self._repeated = [], False

    def _extend(self, bars: list[Bar]) -> None:
        if len(self.bars) + len(bars) > BARS_MAX:
            raise self._wrong("the chart", f"is too long; accepted are up to {BARS_MAX} bars")
        self.bars.extend(bars)

    def _wrong(self, text: str, what: str) -> ConfigError:
        line, column = self._place
        shown = text if len(text) <= 40 else text[:37] + "..."
        return ConfigError(f"{self._origin}: line {line}, column {column}: {shown!r} {what}")
