"""Who plays what in a MIDI file: the part of a role, and what the others play. Knows names, programs and registers; knows no beats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.errors import DataError
from trainer.midi_file import MidiFile, MidiTrack

NOTES_MIN = 24
SPLIT_PITCH = 60
LEAD_FIRST = re.compile(r"lead|melod|solo|theme|head\b", re.I)
LEAD_NEXT = re.compile(
    r"sax|trumpet|trompet|horn|trombone|clarinet|flute|violin|vibe|harmonica|vocal|voice|vox|sing|\balto\b|\btenor\b|soprano", re.I
)
BASS = re.compile(r"\bbass?\b(?! ?(drum|clarinet))|contrabass|upright", re.I)
CHORDS = re.compile(r"chord|changes|harmon(y|ies)", re.I)
COMP = re.compile(r"comp\b|piano|keys|keyboard|rhodes|organ|e\.?p\.?\b|guitar|gtr", re.I)
BASS_PROGRAMS = range(32, 40)
LOW_PITCH, HIGH_PITCH = 52, 55
# A track is a line where it strikes one note alone in at least this share of its moments.
LINE_SHARE = 0.8
# Notes that begin within this part of a quarter are struck together.
TOGETHER = 1 / 12


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """`target`: the part of the role. `harmony`: what chords may be heard from. `chord_track`: block chords written to name the changes."""

    target: MidiTrack
    harmony: tuple[MidiTrack, ...]
    chord_track: MidiTrack | None


def choose(midi: MidiFile, role: str, split_pitch: int = SPLIT_PITCH) -> Parts:
    """The parts for `role`. Raises DataError with the reason where nobody plays it."""
    tracks = [track for track in midi.tracks if not track.is_drum]
    if not tracks:
        raise DataError("no notes but drums")
    chord_track = _chord_track(tracks, midi.ticks_per_quarter)
    players = [track for track in tracks if track is not chord_track] or tracks
    target = {"lead": _lead, "bass": _bass, "comp": _comp}[role](players, midi.ticks_per_quarter)
    if target is None and role == "comp" and chord_track is not None:
        target = chord_track
    if target is not None:
        # The comping tells the chords itself.
        harmony = tuple(track for track in tracks if track is not target or role == "comp")
        return Parts(_enough(target, role), harmony, None if chord_track is target else chord_track)
    everybody = _merged(players)
    if role != "lead" and _alone(everybody, midi.ticks_per_quarter) >= LINE_SHARE:
        raise DataError(f"no part for {role} (a single line)")
    return _split(everybody, role, split_pitch, chord_track)


def onset_groups(track: MidiTrack, ticks_per_quarter: int) -> list[slice]:
    """The notes struck together, as slices of the track."""
    starts = [0] if len(track) else []
    for index in range(1, len(track)):
        if track.onset[index] - track.onset[starts[-1]] > TOGETHER * ticks_per_quarter:
            starts.append(index)
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], len(track)], strict=True)]


def _split(track: MidiTrack, role: str, split_pitch: int, chord_track: MidiTrack | None) -> Parts:
    """One player with two hands: the right one leads, the left one comps and plays the bass."""
    high = track.pitch >= split_pitch
    right, left = _where(track, high), _where(track, ~high)
    target, other = (right, left) if role == "lead" else (left, right)
    if not len(target):
        side = "at or above" if role == "lead" else "below"
        raise DataError(f"no part for {role} (nothing {side} the split pitch {split_pitch})")
    heard = {"lead": (left,), "bass": (left, right), "comp": (left, right)}[role]
    return Parts(_enough(target, role), tuple(part for part in heard if len(part)) or (other,), chord_track)


def _where(track: MidiTrack, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> MidiTrack:
    notes = (track.onset[mask], track.length[mask], track.pitch[mask], track.velocity[mask])
    return MidiTrack(track.name, track.program, track.is_drum, *notes)


def _merged(tracks: Sequence[MidiTrack]) -> MidiTrack:
    onset, length, pitch, velocity = (
        np.concatenate([getattr(track, name) for track in tracks]) for name in ("onset", "length", "pitch", "velocity")
    )
    order = np.lexsort((pitch, onset))
    return MidiTrack(tracks[0].name, tracks[0].program, False, onset[order], length[order], pitch[order], velocity[order])


def _enough(target: MidiTrack, role: str) -> MidiTrack:
    if len(target) < NOTES_MIN:
        raise DataError(f"fewer than {NOTES_MIN} notes for {role}")
    return target


def _chord_track(tracks: Sequence[MidiTrack], ticks_per_quarter: int) -> MidiTrack | None:
    """The track that is named for its chords, or else one of long block chords beside others."""
    named = [track for track in tracks if CHORDS.search(track.name) and _alone(track, ticks_per_quarter) < 0.5]
    if named:
        return max(named, key=len)
    blocks = [track for track in tracks if len(tracks) > 1 and _is_blocks(track, ticks_per_quarter)]
    return max(blocks, key=len, default=None)


def _is_blocks(track: MidiTrack, ticks_per_quarter: int) -> bool:
    groups = onset_groups(track, ticks_per_quarter)
    full = sum(group.stop - group.start >= 3 for group in groups)
    return full >= max(4, 0.8 * len(groups)) and float(np.median(track.length)) >= 0.9 * ticks_per_quarter


def _alone(track: MidiTrack, ticks_per_quarter: int) -> float:
    """The share of the moments at which a track strikes one note only."""
    groups = onset_groups(track, ticks_per_quarter)
    return sum(1 for group in groups if group.stop - group.start == 1) / max(1, len(groups))


def _is_bass(track: MidiTrack) -> bool:
    return bool(BASS.search(track.name)) or track.program in BASS_PROGRAMS


def _lead(tracks: Sequence[MidiTrack], ticks_per_quarter: int) -> MidiTrack | None:
    for pattern in (LEAD_FIRST, LEAD_NEXT):
        named = [track for track in tracks if pattern.search(track.name) and not _is_bass(track) and len(track) >= NOTES_MIN]
        if named:
            return max(named, key=lambda track: (_alone(track, ticks_per_quarter) >= 0.5, len(track)))
    high = [track for track in tracks if not _is_bass(track) and len(track) >= NOTES_MIN and track.pitch.mean() >= HIGH_PITCH]
    melodic = [track for track in high if _alone(track, ticks_per_quarter) >= LINE_SHARE]
    return max(melodic, key=lambda track: len(track) * _alone(track, ticks_per_quarter), default=None)


def _bass(tracks: Sequence[MidiTrack], ticks_per_quarter: int) -> MidiTrack | None:
    named = [track for track in tracks if _is_bass(track)]
    if named:
        return max(named, key=len)
    low = [track for track in tracks if track.pitch.mean() < LOW_PITCH and _alone(track, ticks_per_quarter) >= LINE_SHARE]
    return min(low, key=lambda track: float(track.pitch.mean()), default=None)


def _comp(tracks: Sequence[MidiTrack], ticks_per_quarter: int) -> MidiTrack | None:
    if len(tracks) < 2:
        return None
    chordal = [track for track in tracks if _alone(track, ticks_per_quarter) < 0.6 and not _is_bass(track)]
    named = [track for track in chordal if COMP.search(track.name)]
    return max(named or chordal, key=len, default=None)
