"""A soloist by rules: the player until a model is there, and whenever the model is late. Knows no model, no clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from companion.soloist import Task
from shared.score import PITCH_RANGES, Event, Frame, Note


class FallbackSoloist:
    """Continues a score with chord tones and steps."""

    @property
    def name(self) -> str:
        """The name that status lines and files show."""
        return "fallback"

    def play(self, task: Task) -> Iterator[Event]:
        """Continue `task.score`, see `Soloist.play`."""
        chance = np.random.Generator(np.random.Philox(key=[task.seed % 2**64, task.generation]))
        frame = next(event for event in reversed(task.score) if isinstance(event, Frame))
        last = next((event for event in reversed(task.score) if isinstance(event, Note)), None)
        low, high = PITCH_RANGES[task.conditioning.role]
        pitch = (low + high) // 2 if last is None else last.pitch
        free = task.min_tick if last is None else max(task.min_tick, last.end_tick, last.tick + 1)
        while frame.tick < task.until_tick:
            end = task.foresight.next_frame_tick(frame.tick)
            onset = max(frame.tick, free)
            if onset < end and frame.chord is not None:
                near = [p for p in range(low, high + 1) if p % 12 in frame.chord.tones and 0 < abs(p - pitch) <= 5]
                pitch = int(chance.choice(near)) if near else pitch
                yield Note(onset, pitch, end - onset)
                free = end
            frame = task.foresight.frame_at(end, task.conditioning)
            yield frame
