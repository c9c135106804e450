"""Who plays which job: the model of its instrument or the one that stands in, and like whom. Knows names; loads nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from companion.humanize.notes import Score
from companion.humanize.song import DuvWish, Job
from shared.calibration import Calibration
from shared.duv_settings import DuvUse
from shared.written import DRUMS, UNKNOWN_STYLE, Performance, Written


class Performer(Protocol):
    """Whoever plays what is written; `shared.humanizer.Humanizer` is one."""

    def perform(self, written: Written, seed: int | None = None, calibration: Calibration | None = None) -> Performance:
        """How `written` is played; the same for the same `seed`, None: the middle of what is likely."""
        ...

    def calibrate(self, takes: Sequence[tuple[Written, Performance]]) -> Calibration:
        """What leads from this playing to that of whoever played `takes`, of which there is one at least."""
        ...


Opener = Callable[[str, str], Performer]
"""Opens the model of a name, with the adapter of a style where it has one."""
AdaptersOf = Callable[[str], Collection[str] | None]
"""The styles for which the model of a name has adapters, None where it is not installed."""


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for a whole file: settings by instrument, the model that stands in for those of pitched instruments, which models there
    are and who opens them, the `seed` of all chance, and whether it is sampled.
    """

    uses: Mapping[str, DuvUse]
    stand_in: str
    adapters_of: AdaptersOf
    open_model: Opener
    seed: int = 1
    sample: bool = False

    @property
    def regexes(self) -> dict[str, str]:
        """Which names of tracks mean which instrument."""
        return {instrument: use.include_regex for instrument, use in self.uses.items()}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays a job: the `model`, None where none does, and then, if one was asked for, what is `missing`; `remarks` for people."""

    model: str | None
    missing: str = ""
    remarks: tuple[str, ...] = ()


class Casting:
    """Who plays `jobs`. Every model is calibrated to a take once, however many tracks it plays."""

    def __init__(self, jobs: Sequence[Job], session: Session) -> None:
        self.session = session
        self._is_sole = len({job.instrument for job in jobs}) == 1
        self._takes: dict[tuple[object, ...], list[Score]] = {}
        self._calibrations: dict[tuple[object, ...], Calibration | None] = {}

    def cast(self, job: Job) -> Cast:
        """Who plays a job."""
        if job.duv is None:
            return Cast(None)
        use = self.session.uses[job.instrument]
        if job.duv.strength(use).is_nothing:
            return Cast(job.duv.model or use.name)
        if job.duv.model is not None:
            # Whoever names a model is told by the one who opens it why it does not play.
            return Cast(job.duv.model, remarks=self._remarks(job, job.duv, job.duv.model))
        suitable = [use.name] if job.instrument == DRUMS else list(dict.fromkeys((use.name, self.session.stand_in)))
        model = next((name for name in suitable if self.session.adapters_of(name) is not None), None)
        if model is None:
            return Cast(None, f"no humanizer {' or '.join(suitable)} is installed")
        for_whom = () if model == use.name else (f"in place of {use.name}, which is not installed",)
        return Cast(model, remarks=(*for_whom, *self._remarks(job, job.duv, model)))

    def takes(self, job: Job) -> list[Score]:
        """The player's takes that the job is like: none where its file holds none for its instrument."""
        if job.like is None or job.duv is None:
            return []
        key = (job.like, job.instrument, job.duv.style, job.key_switches)
        if key not in self._takes:
            parts = job.like.parts_for(job.instrument, self.session.regexes, self._is_sole)
            self._takes[key] = job.like.scores(parts, job.instrument, job.duv.style, job.key_switches)
        return self._takes[key]

    def perform(self, job: Job, model: str, written: Written, seed: int | None) -> Performance:
        """How `model` plays `written` for a job, like the player whom the job names."""
        assert job.duv is not None
        performer = self.session.open_model(model, job.duv.style)
        key = (job.like, job.instrument, job.duv.style, job.key_switches, model)
        if key not in self._calibrations:
            takes = [(take.written, take.played) for take in self.takes(job)]
            self._calibrations[key] = performer.calibrate(takes) if takes else None
        return performer.perform(written, seed, self._calibrations[key])

    def _remarks(self, job: Job, wish: DuvWish, model: str) -> tuple[str, ...]:
        remarks = []
        if wish.style not in (UNKNOWN_STYLE, *(self.session.adapters_of(model) or ())):
            remarks.append(f"{wish.style} by name alone: it has no adapter for it")
        if job.like is not None:
            count = sum(len(take.written) for take in self.takes(job))
            told = f"like {count} note{'s' * (count != 1)} of {job.like.name}"
            remarks.append(told if count else f"not calibrated: {job.like.name} holds no {job.instrument}")
        return tuple(remarks)
