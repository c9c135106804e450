"""Settings of the humanizers: what is shipped holds together, and what a user writes wrongly is named in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.errors import ConfigError
from trainer.duv.config import SHIPPED, load_duv

# As the earlier humanizer's users know them; only its `str` is a word now, since it took "Instrument 1" and "Orchestra" for strings.
EXPECTED = {
    "guitar": (0.9, r"(?i)guitar|gtr"),
    "bass": (0.85, r"(?i)bass"),
    "keys": (0.8, r"(?i)piano|keys"),
    "strings": (0.85, r"(?i)string|violin|viola|cello|\bstrs?\b"),
    "drums": (0.7, r"(?i)drum|perc"),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_settings_hold_together(name: str) -> None:
    settings = load_duv(Path(name))
    assert settings.name == f"{name.removesuffix('_taught')}_duv_v3"
    assert sum(settings.drawn.values()) == pytest.approx(1)
    assert settings.instrument in settings.drawn
    assert {path.stem for path in settings.manifests} == set(settings.drawn)
    assert settings.intensities.timing is not None
    assert 0.35 <= settings.intensities.timing <= 0.4
    if name in EXPECTED:
        assert (settings.intensity, settings.include_regex) == EXPECTED[name]


def test_drums_learn_from_drums_alone_and_pitched_instruments_begin_from_what_all_taught() -> None:
    assert load_duv(Path("drums")).drawn == {"drums": 1.0}
    assert load_duv(Path("drums")).base_checkpoint is None
    assert {load_duv(Path(name)).base_checkpoint for name in ("bass", "guitar", "keys", "strings")} == {load_duv(Path("pitched")).name}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base: {step: 3}", r"line 6: base\.step is no setting; did you mean steps"),
        ("net: {width: 31}", "width 31"),
        ("shares: {drum: 1}", "drum"),
        ("shares: {drums: 0}", "a share above 0"),
        ("intensities: {velocity: 1.5}", r"intensities\.velocity"),
        ("adapter: {others_share: 1}", r"adapter\.others_share"),
        ("velocity_from: [nobody]", "nobody"),
    ],
)
def test_a_mistake_is_named_with_its_file_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text('name: mine\ninstrument: drums\nmanifest: a.jsonl\nintensity: 0.5\ninclude_regex: "drum"\n' + text + "\n")
    with pytest.raises(ConfigError, match=said) as caught:
        load_duv(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_instrument_that_there_is_not_and_a_broken_expression_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    for instrument, regex, said in (("kazoo", "x", "expected one of drums"), ("drums", "(", "include_regex")):
        path.write_text(f'name: mine\ninstrument: {instrument}\nmanifest: a.jsonl\nintensity: 0.5\ninclude_regex: "{regex}"\n')
        with pytest.raises(ConfigError, match=said):
            load_duv(path)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=re.escape("--config kazoo: no such file; name one, or one of drums")):
        load_duv(Path("kazoo"))
