"""A whole MIDI file humanized: parts found, jobs done on them, bytes written. Knows the order of the steps; loads nothing by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from companion.humanize.controls import apply_controls, is_key_switch
from companion.humanize.midi_file import NOTE_ON, Edit, MidiFile, midi_bytes
from companion.humanize.notes import Mask, Notes, Outcome, mixed, score_of
from companion.humanize.parts import Part, instrument_of, read_parts, read_timeline
from companion.humanize.rewrite import edit_part
from companion.humanize.song import Job
from companion.humanize.timeline import Timeline
from shared.duv_settings import DuvUse
from shared.written import Performance, Written


class Performer(Protocol):
    """Whoever plays what is written; `shared.humanizer.Humanizer` is one."""

    def perform(self, written: Written, seed: int | None = None) -> Performance:
        """How `written` is played; the same for the same `seed`, None: the middle of what is likely."""
        ...


Opener = Callable[[str, str], Performer]
"""Opens the model of a name, with the adapter of a style where it has one."""


Heard = dict[tuple[str, str, str, tuple[tuple[int, int], ...]], Performance]
"""A whole part as played, by instrument, model, style and key switches: asked for once, however many sections take of it."""


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for a whole file: settings by instrument, who opens models, the `seed` of all chance, and whether it is sampled."""

    uses: Mapping[str, DuvUse]
    open_model: Opener
    seed: int = 1
    sample: bool = False

    @property
    def regexes(self) -> dict[str, str]:
        """Which names of tracks mean which instrument."""
        return {instrument: use.include_regex for instrument, use in self.uses.items()}

    def model_of(self, job: Job) -> str | None:
        """The name of the model that does a job, None where it has none."""
        return None if job.duv is None else job.duv.model or self.uses[job.instrument].name


@dataclass(frozen=True, slots=True)
class PartReport:
    """What was done to a part: the models that did it, how many of its notes changed, and what was added.

    `place`: its place among the file's parts. Without jobs it was left alone, and `why` says why. `added`: tick and pitch of new notes.
    """

    place: int
    name: str
    notes: int
    why: str
    jobs: tuple[Job, ...]
    models: tuple[str, ...]
    changed: int
    added: frozenset[tuple[int, int]]
    pedals: int


def humanize(
    file: MidiFile, jobs: Sequence[Job], session: Session, tell: Callable[[PartReport], None] = lambda report: None
) -> tuple[bytes, list[PartReport]]:
    """The file's bytes with the jobs done, and what was done, told part by part. Where bars belong to two jobs the first counts.

    Raises DataError for a damaged tempo or metre, and what the opener raises.
    """
    timeline = read_timeline(file)
    edits: dict[int, Edit] = {}
    reports: list[PartReport] = []
    for place, part in enumerate(read_parts(file)):
        own = [job for job in jobs if job.fits(part, session.regexes)]
        outcome = part_outcome(part, timeline, own, session)
        edit = edits.setdefault(part.chunk, Edit())
        before = len(edit.added)
        edit_part(part, outcome, file.ticks_per_beat, edit)
        models = tuple(dict.fromkeys(model for job in own if (model := session.model_of(job)) is not None))
        changed = sum(note.on in edit.ticks or note.on in edit.velocities or note.off in edit.ticks for note in part.events)
        added = frozenset((tick, message[1]) for tick, _, message in edit.added[before:] if message[0] & 0xF0 == NOTE_ON)
        why = "" if own else _why(part, session)
        reports.append(
            PartReport(place, part.name, len(part.notes), why, tuple(own), models, changed, added, len(outcome.pedals))
        )
        tell(reports[-1])
    touched = {chunk: edit for chunk, edit in edits.items() if edit.ticks or edit.velocities or edit.added}
    return midi_bytes(file, touched), reports


def part_outcome(part: Part, timeline: Timeline, jobs: Sequence[Job], session: Session) -> Outcome:
    """What becomes of a part's notes."""
    notes = part.notes
    outcome = Outcome.nothing(notes)
    heard: Heard = {}
    bars = timeline.bars(timeline.on_grid(notes.onset_beat)).index
    free = np.ones(len(notes), dtype=np.bool_)
    for job in jobs:
        chosen: Mask = free & np.array([bar in job.bars for bar in bars.tolist()], dtype=np.bool_)
        if not chosen.any():
            continue
        free &= ~chosen
        played = np.flatnonzero(~is_key_switch(notes.pitch, job.key_switches))
        key = (session.seed, part.chunk, part.channel)
        own = _outcome(notes.part(played), timeline, job, session, part.has_pedal, key, heard)
        outcome = own.within(outcome, played, chosen[played])
    return outcome


def _why(part: Part, session: Session) -> str:
    """Why no job fits a part."""
    instrument = instrument_of(part.name, part.program, part.is_drums, session.regexes)
    if instrument is None:
        return "its name, channel and program belong to no model"
    return f"taken for {instrument}, which was not asked for"


def part_seed(key: tuple[int, int, int]) -> int:
    """A seed for the part in chunk and channel: tracks that were sampled with one seed would stray together."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=4).digest(), "big") >> 1


def _outcome(
    notes: Notes, timeline: Timeline, job: Job, session: Session, has_pedal: bool, key: tuple[int, int, int], heard: Heard
) -> Outcome:
    outcome = Outcome.nothing(notes)
    if not len(notes):
        return outcome
    if job.controls is not None:
        outcome = apply_controls(notes, timeline, job.controls, has_pedal, key)
    if job.duv is None:
        return outcome
    use = session.uses[job.instrument]
    strength = job.duv.strength(use)
    if strength.is_nothing:
        return outcome
    score = score_of(notes, timeline, job.instrument, job.duv.style)
    model = job.duv.model or use.name
    asked = (job.instrument, model, job.duv.style, job.key_switches)
    if asked not in heard:
        heard[asked] = session.open_model(model, job.duv.style).perform(score.written, seed=part_seed(key) if session.sample else None)
    return mixed(score, heard[asked], strength, job.duv.keep_accents).over(outcome)
