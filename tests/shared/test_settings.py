"""Settings: the shipped file is whole, a user's file overrides only what it names, and every mistake is told where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.settings import load_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_settings_are_whole() -> None:
    settings = load_settings()
    assert settings.link.endpoint.startswith("tcp://127.0.0.1:")
    assert settings.plan.bars_ahead >= 1


def test_a_users_file_overrides_only_what_it_names(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "plan:\n  guard_ms: 5\n"))
    usual = load_settings()
    assert settings.plan.guard_ms == 5.0
    assert settings.plan.bars_ahead == usual.plan.bars_ahead
    assert settings.touch == usual.touch


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "# nothing yet\n")) == load_settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plan:\n  bars_ahed: 3\n", ["line 2", "plan.bars_ahed", "did you mean bars_ahead?", "guard_ms"]),
        ("pan:\n  bars_ahead: 3\n", ["line 1", "pan", "did you mean plan?", "harmony"]),
        ("plan:\n  bars_ahead: 0\n", ["plan.bars_ahead", ">= 1", "found 0"]),
        ("plan:\n  bars_ahead: many\n", ["plan.bars_ahead", "int", "many"]),
        ("plan:\n  bars_ahead: true\n", ["plan.bars_ahead", "int", "True"]),
        ("plan:\n  guard_ms: .nan\n", ["plan.guard_ms", "finite"]),
        ("plan: {guard_ms: 1, guard_ms: 2}\n", ["plan.guard_ms", "twice"]),
        ("plan:\n", ["plan", "key: value"]),
        ("solo: {role: tuba}\n", ["solo", "tuba", "lead, bass, comp"]),
        ("link: {endpoint: localhost}\n", ["localhost", "tcp://HOST:PORT"]),
        ("link: {endpoint: 'tcp://127.0.0.1:70000'}\n", ["70000", "tcp://HOST:PORT"]),
        ("ports: {notes: JamBot Link In}\n", ["ports", "three different names"]),
        ("touch: {lag_ms: [[60, 24], [50, 3]]}\n", ["touch", "ascend"]),
        ("touch: {lag_ms: [[60, slow]]}\n", ["touch.lag_ms[0][1]", "slow"]),
        ("touch: {lag_ms: [[60, -10]]}\n", ["touch", "0..190 milliseconds behind the beat"]),
        ("touch: {lag_ms: [[60, 197]]}\n", ["touch", "0..190 milliseconds behind the beat"]),
        ("plan: [\n", ["no YAML", "line 2"]),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_accepted(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(tmp_path, text))
    message = str(caught.value)
    assert "my.yaml" in message
    assert "\n" not in message
    for words in told:
        assert words in message


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_settings(tmp_path / "none.yaml")
    (tmp_path / "song.mid").write_bytes(b"MThd\x00\xff\xfe")
    with pytest.raises(ConfigError, match=r"song\.mid"):
        load_settings(tmp_path / "song.mid")


@pytest.mark.parametrize(("tempo_bpm", "lag_ms"), [(20, 24), (60, 24), (100, 22), (140, 20), (240, 6), (260, 3), (400, 3)])
def test_lag_follows_the_tempo(tmp_path: Path, tempo_bpm: float, lag_ms: float) -> None:
    settings = load_settings(written(tmp_path, "touch: {lag_ms: [[60, 24], [140, 20], [220, 9], [260, 3]]}"))
    assert settings.touch.lag_ms_at(tempo_bpm) == pytest.approx(lag_ms)
