"""What a prepared folder tells a player to play: its held-out pieces' chords as songs, and its usual feel. Knows shards; knows no net."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from shared.errors import DataError
from shared.music import Grid, ticks_to_beats
from shared.score import Frame
from shared.tokens import decode
from trainer.chart_tasks import Order, whole
from trainer.shards import Entry, Shards
from trainer.song import Song
from trainer.usual import STYLE_COUNTS


def held_out_songs(shards: Shards, role: str) -> list[Song]:
    """The chords of the held-out pieces of `role`, as songs that can be played round and round. Raises DataError where none can."""
    songs, dropped = whole([_song(shards, entry) for entry in [*shards.part("test", [role]), *shards.part("val", [role])]])
    if not songs:
        raise DataError(
            f"{shards.folder}: none of its {len(dropped)} held-out pieces for {role} has chords and whole bars; name charts with --charts"
        )
    return songs


def with_usual_wish(order: Order, shards: Shards) -> Order:
    """`order` with the feel that most of the training music has, and with its style where that is none which soloists are asked for."""
    feels: Counter[str] = Counter()
    styles: Counter[str] = Counter()
    for entry in shards.part("train", [order.role]):
        wish = _first_frame(shards, entry).conditioning
        feels[wish.feel] += entry.steps
        styles[wish.style] += entry.steps
    if not feels:
        return order
    feel = feels.most_common(1)[0][0]
    asked = () if any(style in STYLE_COUNTS[feel] for style in styles) else (styles.most_common(1)[0][0],)
    return replace(order, feel=feel, styles=asked)


def _song(shards: Shards, entry: Entry) -> Song:
    frames = [event for event in decode(shards.steps(entry)) if isinstance(event, Frame)]
    first, last = frames[0], frames[-1]
    changes = [first] + [frame for before, frame in pairwise(frames) if frame.chord != before.chord]
    ends = [*(frame.tick for frame in changes[1:]), Grid(first.meter).next_beat(last.tick)]
    chords = tuple((frame.chord, ticks_to_beats(end - frame.tick)) for frame, end in zip(changes, ends, strict=True))
    return Song(entry.name, chords, title=entry.tune, meter=first.meter, tempo_bpm=first.conditioning.tempo_bpm)


def _first_frame(shards: Shards, entry: Entry) -> Frame:
    frame = decode(shards.steps(entry)[:1])[0]
    assert isinstance(frame, Frame), "a score begins with a frame"
    return frame
