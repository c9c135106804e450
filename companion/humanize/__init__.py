"""The humanizer at work on MIDI: files, pretty_midi objects, rules, pictures. Knows no nets: those are in `shared`.

    before = pretty_midi.PrettyMIDI("song.mid")
    after = apply_duv_to_pretty_midi(before, "drums_duv_v3", 0.7, include_regex="(?i)drum")
    after.write("humanized.mid")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI


def apply_duv_to_pretty_midi(
    pm: PrettyMIDI,
    model_path: str | Path,
    intensity: float | None = None,
    include_regex: str | None = None,
    *,
    velocity: float | None = None,
    duration: float | None = None,
    timing: float | None = None,
    style: str = "unknown",
    seed: int | None = None,
    keep_accents: bool = False,
    like: str | Path | None = None,
) -> PrettyMIDI:
    """A copy of `pm` whose notes have the velocity, length and onset of the humanizer `model_path`, a name or a folder; `pm` stays.

    `intensity` 0..1 says how far to go from what is there to what the model would play, `velocity`, `duration` and `timing` the same for
    one quantity; what is None is as the model's settings say. `include_regex`: the names of the instruments that are touched; None: those
    that the model is for, by name, drum flag or program. `seed`: a sampled playing instead of the middle of many.
    Raises ConfigError for an unknown model, style or intensity, and a broken `include_regex`; CheckpointError for damaged weights.
    """
    # Imported only now: whoever asks for `companion --help` need not wait for numpy.
    from companion.humanize.like import read_take
    from companion.humanize.models import usual_session
    from companion.humanize.pretty import humanized
    from companion.humanize.song import duv_wish

    wish = duv_wish(str(model_path), style, keep_accents, intensity=intensity, velocity=velocity, duration=duration, timing=timing)
    session = usual_session(seed=0 if seed is None else seed, sample=seed is not None)
    return humanized(pm, wish, include_regex, session, None if like is None else read_take(Path(like)))
