"""A whole MIDI file humanized: parts found, jobs done on them, bytes written. Knows the order of the steps; loads nothing by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from companion.humanize.casting import Cast, Casting, Session
from companion.humanize.controls import apply_controls, evened, is_key_switch
from companion.humanize.midi_file import CONTROL, NOTE_ON, Edit, MidiFile, midi_bytes
from companion.humanize.notes import Mask, Notes, Outcome, mixed, score_of
from companion.humanize.parts import Part, read_parts, read_timeline
from companion.humanize.rewrite import edit_part
from companion.humanize.song import Job
from companion.humanize.timeline import Timeline
from shared.duv_settings import DuvUse
from shared.written import Ints, Performance

Heard = dict[tuple[object, ...], Performance]
"""A whole part as played, by all that it depends on: asked for once, however many sections take of it."""


@dataclass(frozen=True, slots=True)
class PartReport:
    """What was done to a part: the models that did it, how many of its notes changed, what was added, and `remarks` for people.

    `place`: its place among the file's parts. Without jobs it was left alone, and `why` says why. `was_asked`: somebody wanted it touched.
    `added`: tick and pitch of new notes. `pedals`: how often the pedal goes down for a chord.
    """

    place: int
    name: str
    notes: int
    why: str
    was_asked: bool
    jobs: tuple[Job, ...]
    models: tuple[str, ...]
    changed: int
    added: frozenset[tuple[int, int]]
    pedals: int
    remarks: tuple[str, ...]


def humanize(
    file: MidiFile, jobs: Sequence[Job], session: Session, tell: Callable[[PartReport], None] = lambda report: None
) -> tuple[bytes, list[PartReport]]:
    """The file's bytes with the jobs done, and what was done, told part by part. Where bars belong to two jobs the first counts.

    Raises DataError for a damaged tempo or metre, and what the opener raises.
    """
    timeline, casting = read_timeline(file), Casting(jobs, session)
    edits: dict[int, Edit] = {}
    reports: list[PartReport] = []
    for place, part in enumerate(read_parts(file)):
        fitting = [job for job in jobs if job.fits(part, session.regexes)]
        casts = [casting.cast(job) for job in fitting]
        # Rules need no model: they are kept where the model is missing.
        own = [job for job, cast in zip(fitting, casts, strict=True) if not cast.missing or job.controls is not None]
        outcome = part_outcome(part, timeline, own, casting)
        edit = edits.setdefault(part.chunk, Edit())
        before = len(edit.added)
        edit_part(part.between(_switch_ticks(part, own)), outcome, file.ticks_per_beat, edit)
        changed = sum(note.on in edit.ticks or note.on in edit.velocities or note.off in edit.ticks for note in part.events)
        reports.append(
            PartReport(
                place, part.name, len(part.notes),
                why="" if own else _why(part, jobs, casts, session),
                was_asked=any(job.asks(session.uses) and job.allows(part) for job in jobs),
                jobs=tuple(own),
                models=tuple(dict.fromkeys(cast.model for cast in casts if cast.model is not None)),
                changed=changed,
                added=frozenset((tick, message[1]) for tick, _, message in edit.added[before:] if message[0] & 0xF0 == NOTE_ON),
                pedals=sum(message[0] & 0xF0 == CONTROL and message[2] > 0 for _, _, message in edit.added[before:]),
                remarks=tuple(dict.fromkeys(remark for cast in casts for remark in (cast.missing, *cast.remarks) if remark)),
            )
        )  # fmt: skip
        tell(reports[-1])
    touched = {chunk: edit for chunk, edit in edits.items() if edit.ticks or edit.velocities or edit.added}
    return midi_bytes(file, touched), reports


def part_outcome(part: Part, timeline: Timeline, jobs: Sequence[Job], casting: Casting) -> Outcome:
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
        key = (casting.session.seed, part.chunk, part.channel)
        own = _outcome(notes.part(played), timeline, job, casting, part.has_pedal, key, heard)
        outcome = own.within(outcome, played, chosen[played])
    return outcome


def _why(part: Part, jobs: Sequence[Job], casts: Sequence[Cast], session: Session) -> str:
    """Why nothing was done to a part."""
    if casts:
        return casts[0].missing
    instrument = part.instrument(session.regexes)
    if jobs and not any(job.allows(part) for job in jobs):
        return "not among the tracks that were asked for"
    if instrument is None:
        return "its name, channel and program belong to no model"
    return f"taken for {instrument}, which was not asked for"


def _switch_ticks(part: Part, jobs: Sequence[Job]) -> Ints:
    """When the part's keys that switch its sound are pressed and let go."""
    found = np.zeros(len(part.notes), dtype=np.bool_)
    for job in jobs:
        found |= is_key_switch(part.notes.pitch, job.key_switches)
    return np.concatenate((part.on_tick[found], part.end_tick[found]))


def part_seed(key: tuple[int, int, int]) -> int:
    """A seed for the part in chunk and channel: tracks that were sampled with one seed would stray together."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=4).digest(), "big") >> 1


def keeps_level(casting: Casting, job: Job, use: DuvUse) -> bool:
    """Whether a track stays as loud as it is: where its model knows no level of its own, and no player's take gives one."""
    return use.keep_level and not casting.takes(job)


def _outcome(
    notes: Notes, timeline: Timeline, job: Job, casting: Casting, has_pedal: bool, key: tuple[int, int, int], heard: Heard
) -> Outcome:
    outcome = Outcome.nothing(notes)
    if not len(notes):
        return outcome
    even = notes
    if job.controls is not None:
        even = evened(notes, timeline, job.controls)
        outcome = apply_controls(even, timeline, job.controls, has_pedal, key).over(Outcome.between(notes, even))
    model = casting.cast(job).model
    if job.duv is None or model is None:
        return outcome
    use = casting.session.uses[job.instrument]
    strength = job.duv.strength(use)
    if strength.is_nothing:
        return outcome
    score = score_of(even, timeline, job.instrument, job.duv.style)
    replaced = None if job.controls is None else (job.controls.quantise, job.controls.strum)
    asked = (job.instrument, model, job.duv.style, job.key_switches, job.like, replaced)
    if asked not in heard:
        heard[asked] = casting.perform(job, model, score.written, part_seed(key) if casting.session.sample else None)
    return mixed(score, heard[asked], strength, job.duv.keep_accents, keeps_level(casting, job, use)).over(outcome)
