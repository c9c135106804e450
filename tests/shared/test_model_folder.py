"""Where models lie: humanizers and players are told apart, however damaged or old their files are."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load, save_file

from companion.model_store import list_models
from shared.checkpoint import Card, load_phrase, save
from shared.errors import CheckpointError, ConfigError
from shared.model_folder import adapters, find_folder, find_humanizer, humanizers
from tests.shared.made_tracks import tiny
from tests.shared.melody import tiny as tiny_decoder
from tests.shared.test_checkpoint import header

CARD = Card("made", "made up", "MIT")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A humanizer, a player and a damaged file side by side."""
    save(tmp_path / "keys_duv_v3" / "model.safetensors", tiny(), CARD)
    save(tmp_path / "soloist" / "model.safetensors", tiny_decoder(), CARD)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"?")
    return tmp_path


def test_humanizers_and_players_are_listed_apart(folder: Path) -> None:
    assert humanizers([folder]) == {"keys_duv_v3": folder / "keys_duv_v3"}
    assert [model.name for model in list_models([folder])] == ["broken", "soloist"]


def test_a_humanizer_is_found_by_name_and_by_folder(folder: Path) -> None:
    assert find_humanizer("keys_duv_v3", [folder]) == folder / "keys_duv_v3"
    assert find_humanizer(folder / "keys_duv_v3") == folder / "keys_duv_v3"


def test_who_asks_for_the_wrong_kind_is_told_the_right_names(folder: Path) -> None:
    with pytest.raises(ConfigError, match="there are keys_duv_v3: name one"):
        find_humanizer("soloist", [folder])
    with pytest.raises(ConfigError, match="there are broken, soloist: name one"):
        find_folder("pianist", [folder])


def test_damaged_weights_are_not_passed_over_nor_called_missing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own" / "keys_duv_v3").mkdir(parents=True)
    (tmp_path / "own" / "keys_duv_v3" / "model.safetensors").write_bytes(b"?")
    for name, folders in (("broken", [folder]), ("keys_duv_v3", [tmp_path / "own", folder])):
        with pytest.raises(CheckpointError, match=f"{name}.*no JamBot model file"):
            find_humanizer(name, folders)


def test_the_first_of_two_with_one_name_is_taken(folder: Path, tmp_path: Path) -> None:
    save(tmp_path / "own" / "keys_duv_v3" / "model.safetensors", tiny(), CARD)
    assert find_humanizer("keys_duv_v3", [tmp_path / "own", folder]) == tmp_path / "own" / "keys_duv_v3"


def test_styles_are_what_files_there_are(folder: Path) -> None:
    for name in ("adapter-funk", "adapter-jazz", "adapter-polka", "adapter"):
        (folder / "keys_duv_v3" / f"{name}.safetensors").write_bytes(b"")
    assert list(adapters(folder / "keys_duv_v3")) == ["jazz", "funk"]


def test_a_humanizer_of_another_version_is_found_and_refused_by_name(folder: Path) -> None:
    path = folder / "keys_duv_v3" / "model.safetensors"
    save_file(load(path.read_bytes()), path, header(path) | {"vocabulary": "0123456789abcdef"})
    assert "keys_duv_v3" in humanizers([folder])
    with pytest.raises(CheckpointError, match="vocabulary 0123456789abcdef"):
        load_phrase(path)
