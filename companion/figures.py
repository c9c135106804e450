"""What a session's numbers are: latencies, lead, faults. Pure counting; the conductor feeds it, bench and status read it."""

from __future__ import annotations

from dataclasses import dataclass, field


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` (0..1) of `values` lie, by the nearest-rank rule; None where there are no values."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -(-int(share * 1000) * len(ranked) // 1000) - 1))]


@dataclass(slots=True)
class Figures:
    """A session's measurements. Milliseconds are lists in order of arrival.

    `ready_ms`: from the bridge's receipt of a chord change to the first note that answers it in the player's queue. `rests`: changes that
    were answered by a rest as long as the plan.
    `send_error_ms`: how far from its due moment a note was sent. `bars_ahead`: planned beyond the playhead, sampled while
    playing, outside the replan that follows a change. `replan_to_full_ms`: from a replan to the full lead. `touch_ms`: how long a
    humanizer thought for each bar. `humanized`: of the `notes` that sounded, those that it touched; the rules played the others.
    Gaps are notes of the plan that came too late to be played (`dropped`: by more than 20 ms), or that nobody told of (`missing`).
    """

    ready_ms: list[float] = field(default_factory=list)
    send_error_ms: list[float] = field(default_factory=list)
    bars_ahead: list[float] = field(default_factory=list)
    replan_to_full_ms: list[float] = field(default_factory=list)
    touch_ms: list[float] = field(default_factory=list)
    fallbacks: int = 0
    dropped: int = 0
    missing: int = 0
    notes: int = 0
    humanized: int = 0
    chord_changes: int = 0
    rests: int = 0

    @property
    def unplanned_gaps(self) -> int:
        """Holes that a listener hears where the plan had a note."""
        return self.dropped + self.missing

    def played(self, due_sec: float, sent_sec: float | None, humanized: bool) -> None:
        """Count one note of the plan: sent at `sent_sec`, or dropped (None)."""
        if sent_sec is None:
            self.dropped += 1
            return
        self.notes += 1
        self.humanized += humanized
        self.send_error_ms.append(abs(sent_sec - due_sec) * 1000.0)

    def summary(self) -> dict[str, object]:
        """The figures as plain numbers for JSON; None where nothing was measured."""
        return {
            "ready_ms": {"p50": percentile(self.ready_ms, 0.5), "p99": percentile(self.ready_ms, 0.99), "n": len(self.ready_ms)},
            "send_error_ms": {"p50": percentile(self.send_error_ms, 0.5), "p99": percentile(self.send_error_ms, 0.99)},
            "bars_ahead": {"min": min(self.bars_ahead, default=None), "p50": percentile(self.bars_ahead, 0.5)},
            "replan_to_full_ms": {"p50": percentile(self.replan_to_full_ms, 0.5), "p99": percentile(self.replan_to_full_ms, 0.99)},
            "touch_ms": {"p50": percentile(self.touch_ms, 0.5), "p99": percentile(self.touch_ms, 0.99), "n": len(self.touch_ms)},
            "fallbacks": self.fallbacks,
            "unplanned_gaps": self.unplanned_gaps,
            "gaps": {"dropped": self.dropped, "missing": self.missing},
            "notes": self.notes,
            "humanized_notes": self.humanized,
            "chord_changes": self.chord_changes,
            "answered_by_a_rest": self.rests,
        }
