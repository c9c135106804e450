"""Small trees that say how a note is played: what they look at, their answer, their seeded variation. Knows no file and no model.

FL Studio runs this file too, as part of a script that `companion bake-piano-roll` writes: Python 3.6 syntax, ASCII, standard library.

A *tree* is a number, or a tuple (column, threshold, low, high): `low` goes on where the note's row has at most `threshold` in that
column, `high` where it has more. The sum over all trees is the answer.
"""

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

STEPS = 24
"""Steps a quarter: notes on the same step strike together."""
GAP_MAX_BEATS = 8.0
VOICE_COUNT = 9
AROUND_STEPS = (-48, -24, -12, -6, 6, 12, 24, 48)

SEES = (
    "voice", "bar_beat", "phase", "eighth_phase", "weight", "bar_beats", "pulse_beats", "duration", "tempo",
    "gap_before", "gap_after", "gap_before_2", "gap_after_2", "voice_gap_before", "voice_gap_after", "voice_gap_before_2",
    "voice_gap_after_2", "mates", "mates_below", "step_from", "step_to", "height", "full_before", "full_after", "full",
    "sustained", "bar_ago", "bar_ahead",
)  # fmt: skip
"""Columns of a note's row. Gaps are in quarters; `phase` is the place in the felt beat; `height` is semitones above the track's mean;
`full` is the mean of notes in the quarter around."""
SEES_DRUMS = (
    SEES
    + tuple("share_of_%d" % voice for voice in range(VOICE_COUNT))
    + tuple("voice_%d_at_%d" % (voice, steps) for steps in (0, *AROUND_STEPS) for voice in range(VOICE_COUNT))
)
"""For drums also each voice's share of the strokes, and which voices strike now and so many steps before and after."""

if TYPE_CHECKING:
    Place = tuple[float, float, int, float, float, float]
    """A note as written: (onset, duration, pitch, bar_beat, bar_beats, pulse_beats); all but the pitch in quarters."""
    Row = list[float]
    Tree = Any


def surroundings(places: "Sequence[Place]", tempo_bpm: float, voice_of_pitch: "Sequence[int]") -> "list[Row]":
    """A row for each note, in the columns of SEES, or of SEES_DRUMS where `voice_of_pitch` (128 voices 0..8) is not empty.

    `places` ascend by onset, then by pitch.
    """
    steps = [math.floor(place[0] * STEPS + 0.5) for place in places]
    voices = [voice_of_pitch[place[2]] if voice_of_pitch else place[2] for place in places]
    mates, below, onsets = _groups(steps)
    before, after = _gaps(onsets), _gaps(onsets[::-1])[::-1]
    index_of = {step: index for index, step in enumerate(onsets)}
    voice_before = _voice_gaps(steps, voices)
    voice_after = _voice_gaps(steps[::-1], voices[::-1])[::-1]
    struck = {}  # type: dict[int, int]
    for step, voice in zip(steps, voices):
        struck[step] = struck.get(step, 0) | 1 << voice
    mean = sum(place[2] for place in places) / max(1, len(places))
    full = _fullness(steps)
    crowd = sum(sooner + later for sooner, later in full) / (2.0 * max(1, len(full)))
    shares = [voices.count(voice) / float(max(1, len(voices))) for voice in range(VOICE_COUNT)]
    rows = []
    for i, (_, duration, pitch, bar_beat, bar_beats, pulse_beats) in enumerate(places):
        at, bar_steps = index_of[steps[i]], round(bar_beats * STEPS)
        first, behind = i - below[i], i - below[i] + mates[i] + 1
        row = [
            voices[i], bar_beat, bar_beat % pulse_beats, bar_beat % 0.5, _weight(bar_beat, bar_beats, pulse_beats), bar_beats,
            pulse_beats, duration, tempo_bpm,
            before[at][0], after[at][0], before[at][1], after[at][1],
            voice_before[i][0], voice_after[i][0], voice_before[i][1], voice_after[i][1], mates[i], below[i],
            pitch - places[first - 1][2] if first > 0 else 0, places[behind][2] - pitch if behind < len(places) else 0, pitch - mean,
            full[i][0], full[i][1], crowd, min(2.0, duration / after[at][0]),
            struck.get(steps[i] - bar_steps, 0) >> voices[i] & 1, struck.get(steps[i] + bar_steps, 0) >> voices[i] & 1,
        ]  # fmt: skip
        if voice_of_pitch:
            row.extend(shares)
            for around in (0, *AROUND_STEPS):
                mask = struck.get(steps[i] + around, 0)
                row.extend([mask >> voice & 1 for voice in range(VOICE_COUNT)])
        rows.append([round(value, 3) for value in row])
    return rows


def felt_beats(numerator: int, denominator: int) -> float:
    """The felt beat of a metre in quarters: three eighths in 6/8, 9/8 and 12/8, else the denominator's note."""
    unit = 4.0 / denominator
    return 3 * unit if denominator >= 8 and numerator % 3 == 0 else unit


def grown(columns: "Sequence[int]", numbers: "Sequence[float]") -> "list[Tree]":
    """Trees from two flat lists, node by node, each node before its low branch and that before its high branch.

    A node with column -1 is a leaf, whose number is its answer; another one's number is its threshold. Raises IndexError where
    the last tree is cut short.
    """
    trees, at = [], 0
    while at < len(columns):
        tree, at = _grown_at(columns, numbers, at)
        trees.append(tree)
    return trees


def answer(trees: "Sequence[Tree]", row: "Row") -> float:
    """What the trees say of a note with this row."""
    total = 0.0
    for tree in trees:
        while tree.__class__ is tuple:
            tree = tree[2] if row[tree[0]] <= tree[1] else tree[3]
        total += tree
    return total


class Dice(object):
    """Seeded chance, the same in every Python: a linear congruential generator (Knuth, MMIX)."""

    def __init__(self, seed: int, stream: int) -> None:
        self._state = (seed * 1000003 + stream * 7919 + 12345) & 0xFFFFFFFFFFFFFFFF
        for _ in range(8):
            self._uniform()

    def _uniform(self) -> float:
        """A number above 0 and below 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return ((self._state >> 12) + 0.5) / 4503599627370496.0

    def normal(self) -> float:
        """A number from the normal distribution of mean 0 and deviation 1 (Box and Muller)."""
        return math.sqrt(-2.0 * math.log(self._uniform())) * math.cos(2.0 * math.pi * self._uniform())


def wander(count: int, carry: float, dice: Dice) -> "list[float]":
    """`count` numbers, each normal with deviation 1, each keeping the share `carry` of the one before."""
    found, last = [], dice.normal()
    fresh = math.sqrt(1.0 - carry * carry)
    for _ in range(count):
        last = carry * last + fresh * dice.normal()
        found.append(last)
    return found


def shaped(normal: float, shape: "Sequence[float]") -> float:
    """A normal number bent to a distribution whose quantiles, evenly spaced from 0 to 1, are `shape`."""
    place = 0.5 * (1.0 + math.erf(normal / math.sqrt(2.0))) * (len(shape) - 1)
    left = min(int(place), len(shape) - 2)
    return shape[left] + (place - left) * (shape[left + 1] - shape[left])


def _grown_at(columns: "Sequence[int]", numbers: "Sequence[float]", at: int) -> "tuple[Tree, int]":
    if columns[at] < 0:
        return float(numbers[at]), at + 1
    low, behind = _grown_at(columns, numbers, at + 1)
    high, behind = _grown_at(columns, numbers, behind)
    return (columns[at], numbers[at], low, high), behind


def _groups(steps: "Sequence[int]") -> "tuple[list[int], list[int], list[int]]":
    """How many others strike with each note, how many of them stand before it, and the steps on which anything strikes."""
    mates = []  # type: list[int]
    below = []  # type: list[int]
    onsets, start = [], 0
    for i in range(1, len(steps) + 1):
        if i == len(steps) or steps[i] != steps[start]:
            onsets.append(steps[start])
            mates.extend([i - start - 1] * (i - start))
            below.extend(range(i - start))
            start = i
    return mates, below, onsets


def _gap(steps: int) -> float:
    return min(GAP_MAX_BEATS, abs(steps) / float(STEPS))


def _gaps(steps: "Sequence[int]") -> "list[tuple[float, float]]":
    """From each step to the last one, and from that to the one before."""
    gaps = [_gap(step - other) for step, other in zip(steps[1:], steps)]
    gaps.insert(0, GAP_MAX_BEATS)
    return list(zip(gaps, [GAP_MAX_BEATS, *gaps]))


def _voice_gaps(steps: "Sequence[int]", voices: "Sequence[int]") -> "list[tuple[float, float]]":
    """From each note to the last one of its voice, and from that to the one before."""
    last = {}  # type: dict[int, tuple[int, float]]
    found = []
    for step, voice in zip(steps, voices):
        gap, gap_2 = GAP_MAX_BEATS, GAP_MAX_BEATS
        if voice in last:
            gap, gap_2 = _gap(step - last[voice][0]), last[voice][1]
        last[voice] = (step, gap)
        found.append((gap, gap_2))
    return found


def _fullness(steps: "Sequence[int]") -> "list[tuple[int, int]]":
    """How many notes strike in the quarter before each note and in the quarter after it."""
    found = []
    left = right = 0
    for i, step in enumerate(steps):
        while steps[left] < step - STEPS:
            left += 1
        right = max(right, i)
        while right + 1 < len(steps) and steps[right + 1] <= step + STEPS:
            right += 1
        found.append((i - left, right - i))
    return found


def _weight(bar_beat: float, bar_beats: float, pulse_beats: float) -> int:
    """How strong a place of the bar is: 4 the downbeat, 3 its middle, 2 a felt beat, 1 the eighths between, 0 the others."""
    step, bar, pulse = (round(beats * STEPS) for beats in (bar_beat, bar_beats, pulse_beats))
    if step % max(1, bar) == 0:
        return 4
    if step % max(1, pulse) == 0:
        return 3 if 2 * step == bar else 2
    return 1 if step % (STEPS // 2) == 0 else 0
