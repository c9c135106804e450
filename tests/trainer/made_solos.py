"""Made-up solos for tests of likelihood: arpeggios whose notes follow from the chord, with rests and a metre of their own."""

from __future__ import annotations

import random

from shared.chords import Chord
from shared.foresight import ChordChange
from shared.music import Meter
from shared.score import Conditioning, Note
from shared.tokens import Steps, encode
from trainer.piece import Piece, score_of

QUALITIES = ("min7", "7", "maj7", "7b9")


def solo(seed: int, bars: int = 8, role: str = "lead") -> Piece:
    """A solo over a new chord in each bar (in every third bar a half beat late), two notes a beat, now and then a rest."""
    chance = random.Random(seed)
    chords = [Chord(root := chance.randrange(12), chance.choice(QUALITIES), root) for _ in range(bars)]
    changes = tuple(ChordChange(96 * bar + (12 if bar % 3 == 2 else 0), chord) for bar, chord in enumerate(chords))
    notes: list[Note] = []
    for beat in range(4 * bars):
        if chance.random() < 0.2:
            continue
        tones = sorted(chords[beat // 4].tones)
        for tick in (0, 13):
            notes.append(Note(24 * beat + tick, 60 + chance.choice(tones), 10))
    wish = Conditioning(role, chance.choice([100.0, 200.0]))
    return Piece(f"solo {seed}", f"tune {seed}", "wjazzd", wish, Meter(), changes, tuple(notes), 96 * bars)


def solos(count: int, first: int = 0, bars: int = 8) -> list[Steps]:
    """Steps of `count` solos."""
    return [encode(score_of(solo(seed, bars))) for seed in range(first, first + count)]
