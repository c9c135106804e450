"""Who touches the solo: an installed humanizer, the one that is named, or the rules, and then it is said why."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from companion.cli import main
from companion.doctor import all_checks
from companion.touch_store import choose_touch, open_humanizer, style_of, touch_fingerprint, touched_by
from shared.errors import CheckpointError, ConfigError
from shared.settings import Settings, TouchIntensities, load_settings
from tests.companion.made_humanizer import NAME, install, made_net

USUAL = touched_by(load_settings(), "auto")


def with_role(role: str) -> Settings:
    return msgspec.structs.replace(USUAL, solo=msgspec.structs.replace(USUAL.solo, role=role))


def test_the_roles_own_humanizer_is_chosen_or_the_one_for_all_pitched_instruments(tmp_path: Path) -> None:
    install(tmp_path, NAME)
    assert choose_touch(USUAL, [tmp_path]).name == NAME
    assert choose_touch(with_role("bass"), [tmp_path]).name == NAME
    install(tmp_path, "bass_duv_v3")
    assert choose_touch(with_role("bass"), [tmp_path]).name == "bass_duv_v3"
    assert choose_touch(with_role("lead"), [tmp_path]).name == NAME


def test_without_a_humanizer_the_rules_play_and_it_is_said(tmp_path: Path) -> None:
    choice = choose_touch(USUAL, [tmp_path])
    assert choice.shown == "rules (no humanizer pitched_duv_v3 is installed)"
    assert open_humanizer(choice, USUAL, 1) is None
    assert touch_fingerprint(choice, USUAL) == ""


def test_settings_ask_for_the_rules_by_name_or_by_intensities_of_nothing(tmp_path: Path) -> None:
    install(tmp_path, NAME)
    assert choose_touch(touched_by(USUAL, "rules"), [tmp_path]).folder is None
    nothing = msgspec.structs.replace(USUAL.touch, intensities=TouchIntensities(velocity=0, duration=0, timing=0))
    choice = choose_touch(msgspec.structs.replace(USUAL, touch=nothing), [tmp_path])
    assert choice.shown == "rules (the intensities of pitched_duv_v3 are 0)"


def test_a_humanizer_that_is_named_must_be_there(tmp_path: Path) -> None:
    install(tmp_path, "mine")
    assert choose_touch(touched_by(USUAL, "mine"), [tmp_path]).name == "mine"
    with pytest.raises(ConfigError, match=r"touch\.humanizer yours: no such humanizer; there are mine") as caught:
        choose_touch(touched_by(USUAL, "yours"), [tmp_path])
    assert "or auto, or rules" in str(caught.value)


def test_a_damaged_humanizer_is_told_and_not_passed_over(tmp_path: Path) -> None:
    weights = install(tmp_path, NAME) / "model.safetensors"
    for spoiled in (weights.read_bytes()[:-100], b"nothing of ours", b""):
        weights.write_bytes(spoiled)
        choice = choose_touch(USUAL, [tmp_path])
        with pytest.raises(CheckpointError, match=r"model\.safetensors.*; or set touch\.humanizer: rules"):
            open_humanizer(choice, USUAL, 1)


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    install(tmp_path / "one"), install(tmp_path / "other", net=made_net(velocity=90.0))
    first, second = (touch_fingerprint(choose_touch(USUAL, [tmp_path / name]), USUAL) for name in ("one", "other"))
    assert first != second
    assert first.endswith(" onnx-fp32")


@pytest.mark.parametrize(("style", "feel", "told"), [("bebop", "even", "jazz"), ("unknown", "swing", "jazz"), ("pop", "swing", "pop")])
def test_the_humanizer_is_told_what_is_played(style: str, feel: str, told: str) -> None:
    assert style_of(msgspec.structs.replace(USUAL.solo, style=style, feel=feel)) == told


def test_nobody_knows_how_straight_lines_of_no_style_are_played() -> None:
    assert style_of(msgspec.structs.replace(USUAL.solo, style="unknown", feel="even")) == "unknown"


def test_a_damaged_humanizer_is_one_line_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = install(tmp_path / "checkpoints", NAME) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    (tmp_path / "auto.yaml").write_text("touch: {humanizer: auto}\n")
    with pytest.raises(SystemExit) as caught:
        main(["--demo", "--offline", "--bars", "1", "--model", "fallback", "--config", "auto.yaml"])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "set touch.humanizer: rules" in told


def test_the_doctor_says_who_touches_the_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def found(settings: Settings) -> tuple[bool, str]:
        check = next(check for check in all_checks(settings, tmp_path) if check.name == "touch")
        return check.ok, check.what

    assert found(touched_by(USUAL, "rules")) == (True, "loudness, lag and length by rules (the settings say so)")
    weights = install(tmp_path / "checkpoints", NAME) / "model.safetensors"
    assert found(USUAL) == (True, "loudness, lag and length by pitched_duv_v3")
    weights.write_bytes(weights.read_bytes()[:-100])
    ok, what = found(USUAL)
    assert not ok
    assert "model.safetensors" in what
