"""A piece as files that people can open: what is given as MIDI, what is to be learned as MIDI, and what they are. Knows no tokens."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from symusic.core import NoteTick, NoteTickList, ScoreTick, TempoTick, TextMetaTick, TimeSignatureTick, TrackTick

from shared.foresight import ChordChange
from shared.music import TICKS_PER_BEAT, Meter
from shared.score import Note
from shared.voicings import voice
from trainer.piece import Piece
from trainer.source import SOURCES

TICKS_PER_QUARTER = 480
CONDITIONING, TARGET, META = "conditioning.mid", "target.mid", "meta.json"
PROGRAMS = {"lead": 65, "bass": 32, "comp": 0, "chords": 0, "accompaniment": 0}
VELOCITY = 80
_SCALE = TICKS_PER_QUARTER // TICKS_PER_BEAT


def write_role_folder(roles: Path, piece: Piece, tune: str, part: str) -> Path:
    """Write `<roles>/<role>/<name>/` whole and return it; one that is there is replaced. Raises OSError where the system refuses."""
    folder = roles / piece.conditioning.role / piece.name
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        (draft / TARGET).write_bytes(_midi(piece, [(piece.conditioning.role, piece.notes)], ()))
        given = [("chords", _voiced(piece)), ("accompaniment", piece.accompaniment)]
        (draft / CONDITIONING).write_bytes(_midi(piece, [track for track in given if track[1]], piece.changes))
        (draft / META).write_text(json.dumps(_meta(piece, tune, part), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def remove_others(roles: Path, keep: Iterable[Path]) -> None:
    """Remove what an earlier run wrote there and is not among `keep`; folders that hold anything else are left alone."""
    kept = set(keep)
    for folder in roles.glob("*/*"):
        if folder not in kept and folder.is_dir() and {file.name for file in folder.iterdir()} <= {CONDITIONING, TARGET, META}:
            shutil.rmtree(folder)


def _voiced(piece: Piece) -> tuple[Note, ...]:
    """The chords as somebody would lay them, each held until the next."""
    changes = [*(change for change in piece.changes if change.tick < piece.end_tick), ChordChange(piece.end_tick, None)]
    return tuple(
        Note(change.tick, pitch, after.tick - change.tick)
        for change, after in pairwise(changes) if change.chord is not None
        for pitch in voice(change.chord)
    )  # fmt: skip


def _midi(piece: Piece, tracks: Iterable[tuple[str, tuple[Note, ...]]], changes: Iterable[ChordChange]) -> bytes:
    score = ScoreTick(TICKS_PER_QUARTER)
    score.tempos.append(TempoTick(0, piece.conditioning.tempo_bpm))
    score.time_signatures.append(TimeSignatureTick(0, piece.meter.numerator, piece.meter.denominator))
    for change in changes:
        score.markers.append(TextMetaTick(change.tick * _SCALE, "NC" if change.chord is None else change.chord.symbol))
    for name, notes in tracks:
        track = TrackTick(name, PROGRAMS[name], False)
        track.notes = NoteTickList([NoteTick(note.tick * _SCALE, note.duration_ticks * _SCALE, note.pitch, VELOCITY) for note in notes])
        score.tracks.append(track)
    return bytes(score.dumps_midi())


def _meta(piece: Piece, tune: str, part: str) -> dict[str, object]:
    source, wish = SOURCES[piece.source], piece.conditioning
    return {
        "name": piece.name, "tune": tune, "part": part, "role": wish.role, "tempo_bpm": round(wish.tempo_bpm, 3),
        "feel": wish.feel, "style": wish.style, "meter": _text(piece.meter), "bars": round(piece.end_tick / piece.meter.bar_ticks, 3),
        "notes": len(piece.notes), "source": source.name, "licence": source.licence, "attribution": source.attribution,
        "permissive": source.permissive,
    }  # fmt: skip


def _text(meter: Meter) -> str:
    return f"{meter.numerator}/{meter.denominator}"
