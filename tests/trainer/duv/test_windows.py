"""Windows to learn from: the same for the same number, every held-out note once, varied in ways that keep the music what it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shared.drum_kit import voices_of
from shared.errors import DataError
from shared.features import CODE_SIZES, features
from shared.written import Written
from tests.trainer.duv.made_takes import solo, take, takes
from trainer.duv.config import AugmentSettings
from trainer.duv.windows import PhraseWindows, instrument_of, learned, weights_of, whole

PLAIN = AugmentSettings(unknown_share=0.0, transpose_semitones=0, drop_voice_share=0.0, excerpt_share=0.0, imagined_share=0.0)
COLUMN = {name: place for place, name in enumerate(CODE_SIZES)}


def test_a_batch_follows_from_its_number_alone() -> None:
    tracks = takes(4)
    augment = AugmentSettings(unknown_share=0.0, transpose_semitones=5, drop_voice_share=0.5, excerpt_share=0.0, imagined_share=0.0)
    one, other = (PhraseWindows(tracks, [1.0] * len(tracks), 16, augment, 7) for _ in range(2))
    one.batch(0, 4)
    for number in (5, 3):
        mine, theirs = one.batch(number, 4), other.batch(number, 4)
        assert np.array_equal(mine.seen.codes, theirs.seen.codes)
        assert np.array_equal(mine.velocity, theirs.velocity, equal_nan=True)
    assert not np.array_equal(one.batch(0, 4).velocity, one.batch(1, 4).velocity, equal_nan=True)


def test_notes_and_how_they_are_played_stay_together() -> None:
    track = take(1)
    batch = PhraseWindows([track], [1.0], 8, PLAIN, 1).batch(0, 16)
    seen = features(track.written)
    onset = seen.values[:, 0]
    for row in range(16):
        start = int(np.flatnonzero((onset == batch.seen.values[row, 0, 0]) & (seen.codes == batch.seen.codes[row, 0]).all(1))[0])
        assert np.array_equal(batch.seen.codes[row], seen.codes[start : start + 8])
        assert np.allclose(batch.velocity[row], track.performance.velocity[start : start + 8])
        assert np.allclose(batch.onset_ms[row], track.performance.onset_ms[start : start + 8], atol=1e-4)


def test_every_held_out_note_counts_once() -> None:
    tracks = [take(n) for n in range(5)]
    batches = list(whole(tracks, 8, 3))
    assert sum(batch.notes() for batch in batches) == sum(len(track.written) for track in tracks)
    velocities = np.concatenate([batch.velocity[~np.isnan(batch.velocity)] for batch in batches])
    wanted = np.concatenate([track.performance.velocity for track in tracks])
    assert np.allclose(np.sort(velocities), np.sort(wanted), atol=1e-4)


def test_a_moved_melody_looks_as_if_it_had_been_written_there() -> None:
    track = solo(1)
    windows = PhraseWindows([track], [1.0], 64, replace_transposition(5), 1)
    shifts = set()
    for number in range(12):
        seen = windows.batch(number, 1).seen
        shift = int(seen.codes[0, 0, COLUMN["pitch"]] - 1 - track.written.pitch[0])
        shifts.add(shift)
        there = features(moved(track.written, shift))
        assert np.array_equal(seen.codes[0], there.codes)
        assert np.allclose(seen.values[0], there.values, atol=1e-5)
    assert len(shifts) > 3
    assert max(map(abs, shifts)) <= 5


def replace_transposition(semitones: int) -> AugmentSettings:
    return AugmentSettings(unknown_share=0.0, transpose_semitones=semitones, drop_voice_share=0.0, excerpt_share=0.0, imagined_share=0.0)


def moved(written: Written, semitones: int) -> Written:
    return replace(written, pitch=written.pitch + semitones)


def test_drums_are_not_moved_and_now_and_then_lose_a_voice() -> None:
    track = take(2)
    voices = set(voices_of(track.written.pitch).tolist())
    for share, kept in ((0.0, len(voices)), (1.0, len(voices) - 1)):
        augment = AugmentSettings(unknown_share=0.0, transpose_semitones=5, drop_voice_share=share, excerpt_share=0.0, imagined_share=0.0)
        batch = PhraseWindows([track], [1.0], 128, augment, 1).batch(0, 8)
        for row in range(8):
            struck = {int(voice) for voice in batch.seen.codes[row, batch.seen.mask[row], COLUMN["voice"]] - 1}
            assert struck <= voices
            assert len(struck) == kept


def test_an_excerpt_of_some_bars_looks_as_if_it_were_all_there_is() -> None:
    track = take(3)
    downbeat = track.written.onset_beat - track.written.bar_beat
    augment = AugmentSettings(unknown_share=0.0, transpose_semitones=0, drop_voice_share=0.0, excerpt_share=1.0, imagined_share=0.0)
    batch = PhraseWindows([track], [1.0], 128, augment, 1).batch(0, 24)
    lengths = set()
    for row in range(24):
        kept = batch.seen.mask[row]
        start = int(np.searchsorted(track.written.onset_beat, batch.seen.values[row, 0, 0] - 1e-4))
        notes = slice(start, start + int(kept.sum()))
        alone = features(track.written.part(notes))
        assert np.array_equal(batch.seen.codes[row, kept], alone.codes)
        assert np.allclose(batch.seen.values[row, kept], alone.values)
        assert np.allclose(batch.velocity[row, kept], track.performance.velocity[notes])
        assert start == 0 or downbeat[start - 1] < downbeat[start]
        lengths.add(len(np.unique(downbeat[notes])))
    assert lengths <= {1, 2, 4, 8} | {len(np.unique(downbeat[downbeat >= line])) for line in downbeat}
    assert len(lengths) > 1


def test_shares_are_kept_whatever_the_numbers_of_notes() -> None:
    tracks = [take(0), solo(0), solo(1)]
    weights = weights_of(tracks, {"drums": 0.25, "keys": 0.75}, 8, instrument_of)
    assert weights[0] == pytest.approx(0.25)
    assert sum(weights[1:]) == pytest.approx(0.75)
    assert weights_of(tracks, {"drums": 1.0}, 8, instrument_of)[1:] == [0.0, 0.0]


def test_notes_of_short_takes_are_drawn_as_often_as_those_of_long_ones() -> None:
    long = take(0)
    context = len(long.written) // 4
    fill = replace(long, written=long.written.part(slice(0, context // 2)), performance=long.performance.part(slice(0, context // 2)))
    chances = weights_of([long, fill], {"drums": 1.0}, context, instrument_of)
    held = [context, context // 2]  # by a window of each
    notes = [len(long.written), context // 2]
    drawn = [chance * window / count for chance, window, count in zip(chances, held, notes, strict=True)]
    assert drawn[0] == pytest.approx(drawn[1])


def test_velocities_that_nobody_played_are_not_learned() -> None:
    track = solo(0, velocity_from="unknown")
    kept, left = learned(track, ("unknown",)), learned(track, ("player",))
    assert np.array_equal(kept.performance.velocity, track.performance.velocity)
    assert np.isnan(left.performance.velocity).all()
    assert np.array_equal(left.performance.onset_ms, track.performance.onset_ms)


def test_no_music_is_refused() -> None:
    with pytest.raises(DataError, match="no track to learn from"):
        PhraseWindows([], [], 16, PLAIN, 1)
