"""pretty_midi objects humanized. Knows their seconds and instruments; knows no files."""

from __future__ import annotations

import copy
import re

import numpy as np
from pretty_midi import Instrument, PrettyMIDI

from companion.humanize.apart import between_changes, kept_apart
from companion.humanize.casting import Casting, Session
from companion.humanize.controls import is_key_switch
from companion.humanize.like import Take
from companion.humanize.models import instrument_of_model
from companion.humanize.notes import Notes, Outcome, mixed, score_of
from companion.humanize.parts import instrument_of
from companion.humanize.song import BarRange, DuvWish, Job, check_regex
from companion.humanize.timeline import Timeline
from companion.humanize.work import keeps_level, part_seed
from shared.errors import ConfigError
from shared.written import DRUMS

_LENGTH_LEAST_SEC = 1e-3


def humanized(pm: PrettyMIDI, wish: DuvWish, include_regex: str | None, session: Session, like: Take | None = None) -> PrettyMIDI:
    """A copy of `pm`, humanized by `wish.model`; `companion.humanize.apply_duv_to_pretty_midi` says how. `pm` stays as it is."""
    assert wish.model is not None
    instrument = instrument_of_model(wish.model, session.uses)
    check_regex(include_regex, "include_regex")
    after = copy.deepcopy(pm)
    jobs: dict[int, Job] = {}
    for place, part in enumerate(after.instruments):
        own = instrument_of(part.name, part.program, part.is_drum, session.regexes)
        chosen = own == instrument if include_regex is None else re.search(include_regex, part.name) is not None
        # The model of all pitched instruments is told which of them it plays, where that is known.
        told = own if own not in (None, DRUMS) and wish.model_name == session.stand_in else instrument
        if part.notes and chosen and not wish.strength(session.uses[told]).is_nothing:
            jobs[place] = Job(told, BarRange(), include_regex, None, include_regex is not None, None, wish, like)
    casting = Casting([*jobs.values()], session)
    lacking = next((job.instrument for job in jobs.values() if like is not None and not casting.takes(job)), None)
    if like is not None and lacking is not None:
        raise ConfigError(f"like {like.name}: holds no {lacking}; name its track after the instrument")
    timeline = timeline_of(pm)
    for place, job in jobs.items():
        seed = part_seed((session.seed, place, 0)) if session.sample else None
        _humanize(after.instruments[place], timeline, job, casting, seed)
    return after


def timeline_of(pm: PrettyMIDI) -> Timeline:
    """Tempos and metres of a pretty_midi object."""
    at_sec, bpm = pm.get_tempo_changes()
    beats = np.concatenate(([0.0], np.cumsum(np.diff(at_sec) * bpm[:-1] / 60.0)))
    tempos = Timeline.of(list(zip(beats.tolist(), bpm.tolist(), strict=True)), [])
    signs = pm.time_signature_changes
    places = tempos.beats(np.array([sign.time for sign in signs], dtype=np.float64))
    # Seconds lose a hair of the tick that they come from: a metre begins on a sixteenth.
    meters = [(round(beat * 4) / 4, sign.numerator, sign.denominator) for beat, sign in zip(places.tolist(), signs, strict=True)]
    return Timeline.of(list(zip(beats.tolist(), bpm.tolist(), strict=True)), meters)


def _humanize(part: Instrument, timeline: Timeline, job: Job, casting: Casting, seed: int | None) -> None:
    wish, use = job.duv, casting.session.uses[job.instrument]
    assert wish is not None
    old_start, old_end = (np.array([getattr(note, side) for note in part.notes]) for side in ("start", "end"))
    onset, end = timeline.beats(old_start), timeline.beats(old_end)
    pitch = np.array([note.pitch for note in part.notes], dtype=np.int64)
    notes = Notes(onset, np.maximum(end - onset, 1e-3), pitch, np.array([note.velocity for note in part.notes], dtype=np.float64))
    played = np.flatnonzero(~is_key_switch(pitch, job.key_switches))
    if not len(played):
        return
    score = score_of(notes.part(played), timeline, job.instrument, wish.style)
    predicted = casting.perform(job, wish.model or use.name, score.written, seed)
    own = mixed(score, predicted, wish.strength(use), wish.keep_accents, keeps_level(casting, job, use))
    outcome = own.within(Outcome.nothing(notes), played, np.ones(len(played), dtype=np.bool_))
    late, longer = outcome.onset_shift_beat, outcome.duration_shift_beat
    wanted = old_start + timeline.seconds(onset + late) - timeline.seconds(onset)
    switches = np.setdiff1d(np.arange(len(pitch)), played)
    changes = np.concatenate((_bend_secs(part), old_start[switches], old_end[switches]))
    start = np.clip(wanted, *between_changes(old_start, changes, _LENGTH_LEAST_SEC))
    stop = old_end + timeline.seconds(end + late + longer) - timeline.seconds(end) + start - wanted
    still = (late == 0) & (longer == 0)
    least = np.full(len(pitch), _LENGTH_LEAST_SEC)
    start, stop = kept_apart(pitch, (old_start, old_end), (start, np.maximum(stop, start + least)), still, least, _LENGTH_LEAST_SEC)
    for index, note in enumerate(part.notes):
        note.start, note.end, note.velocity = float(start[index]), float(stop[index]), int(np.floor(outcome.velocity[index] + 0.5))


def _bend_secs(part: Instrument) -> list[float]:
    """When the pitch wheel moves."""
    found, wheel = [], 0
    for bend in sorted(part.pitch_bends, key=lambda bend: bend.time):
        if bend.pitch != wheel:
            wheel = bend.pitch
            found.append(float(bend.time))
    return found
