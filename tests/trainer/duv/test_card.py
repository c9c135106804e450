"""The card says plainly what a player taught and what was transferred, and shows the figures that it was given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from shared.checkpoint import Card, add_figures, load_phrase, save
from shared.errors import DataError
from shared.header import read_header
from shared.model_folder import FILE_NAME
from tests.shared.made_tracks import tiny
from trainer.duv.card import card_of, headline, read_evaluated
from trainer.duv.learned import Learned, Material, write_learned
from trainer.source import credits_of, licence_of

FIGURES = {
    "duv": {"point": {"timing_mae_ms": 16.25, "velocity_mae": 18.5, "r": 0.712}, "sampled": {"timing_mae_ms": 24.0}},
    "lightgbm": {"point": {"timing_mae_ms": 18.4, "velocity_mae": 21.3, "r": 0.61}},
    "human": {"ghost_share": 0.338},
    "intervals": {},
    "gain_over_lightgbm": {},
    "adapters": {
        "jazz": {
            "takes_of_its_style": 7,
            "own_style": {"duv": {"velocity_mae": 20.0}, "adapter": {"velocity_mae": 19.5}},
            "elsewhere": None,
        }
    },
    "about": {"dataset": "groove_midi", "takes": 112, "notes": 40000, "remarks": ["Measured on held-out takes."]},
}


def material(source: str, instrument: str, velocity_from: str, **known: int) -> Material:
    return Material(source=source, instrument=instrument, velocity_from=velocity_from, tracks=3, notes=900, **known)


def folder_of(path: Path, learned: Learned) -> Path:
    names = {one.source for one in learned.everything()}
    save(path / FILE_NAME, tiny(), Card(learned.name, credits_of(names), licence_of(names), {"val_nats_per_note": 6.5}))
    write_learned(path, learned)
    return path


def test_what_is_a_players_and_what_was_transferred_is_told_apart(tmp_path: Path) -> None:
    below = Learned(
        name="pitched", instrument="lead",
        material=(
            material("pop909", "keys", "player", velocity=800, timing=0, duration=800),
            material("wjazzd", "lead", "loudness", velocity=700, timing=700, duration=700),
        ),
    )  # fmt: skip
    strings = Learned(
        name="strings_duv_v3", instrument="strings", before=below,
        material=(material("violin_etudes", "strings", "none", velocity=0, timing=850, duration=900),),
    )  # fmt: skip
    text = card_of(folder_of(tmp_path, strings), [])
    assert "- velocity: transferred from keys, lead; nothing of this instrument was known." in text
    assert "- timing: from human players of this instrument (850 notes). Helped by lead." in text
    assert "Violin Etudes" in text
    assert "AGPL-3.0; the data it learned from: " in text
    assert "POP909" in text


def test_notes_that_were_learned_twice_count_once() -> None:
    earlier, later = (material("jjswing", "bass", "unknown", velocity=known, timing=90, duration=90) for known in (0, 90))
    below = Learned(name="pitched_duv_v3", instrument="lead", material=(earlier,))
    above = Learned(name="bass_duv_v3", instrument="bass", material=(later,), before=below)
    assert above.everything() == above.material


def test_velocities_from_loudness_are_not_called_a_players_touch(tmp_path: Path) -> None:
    guitar = Learned(
        name="guitar_duv_v3", instrument="guitar",
        material=(material("wjazzd", "guitar", "loudness", velocity=900, timing=900, duration=900),),
    )  # fmt: skip
    text = card_of(folder_of(tmp_path, guitar), [])
    assert "- velocity: from the loudness of recordings, not from a player's touch (900 notes)." in text


def test_figures_stand_in_the_card(tmp_path: Path) -> None:
    played = material("groove_midi", "drums", "player", velocity=900, timing=900, duration=0)
    drums = Learned(name="drums_duv_v3", instrument="drums", material=(played,))
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(FIGURES))
    text = card_of(folder_of(tmp_path / "model", drums), [read_evaluated(path)])
    assert "groove_midi: 112 takes, 40,000 notes." in text
    assert "| this model | point | 16.25 | 18.50 | 0.712 |" in text
    assert "| LightGBM | point | 18.40 | 21.30 | 0.610 |" in text
    assert "- length: not learned." in text
    assert "0.338" in text
    assert "19.50" in text
    assert "Measured on held-out takes." in text


def test_a_file_that_holds_no_figures_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for content in ("[]", "{", json.dumps({"duv": {}})):
        path.write_text(content)
        with pytest.raises(DataError, match=r"other.json: holds no figures of a humanizer"):
            read_evaluated(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_evaluated(tmp_path / "nothing.json")


def test_a_model_whose_training_did_not_end_has_no_card(tmp_path: Path) -> None:
    save(tmp_path / FILE_NAME, tiny(), Card("x", credits_of({"pop909"}), licence_of({"pop909"})))
    with pytest.raises(DataError, match="train the model to its end"):
        card_of(tmp_path, [])


def test_the_list_of_models_shows_what_was_measured_and_the_weights_stay_as_they_are(tmp_path: Path) -> None:
    taught = material("groove_midi", "drums", "player", velocity=9, timing=9, duration=0)
    folder = folder_of(tmp_path / "model", Learned(name="model", instrument="drums", material=(taught,)))
    (tmp_path / "val.json").write_text(json.dumps(FIGURES), encoding="utf-8")
    path = folder / FILE_NAME
    before = load_phrase(path).state_dict()
    found = headline([read_evaluated(tmp_path / "val.json")])
    assert found == {
        "timing_mae_ms": 16.25, "velocity_mae": 18.5, "r": 0.712,
        "timing_mae_ms_lightgbm": 18.4, "velocity_mae_lightgbm": 21.3, "r_lightgbm": 0.61,
    }  # fmt: skip
    old = read_header(path).card
    add_figures(path, found)
    new = read_header(path).card
    assert new.figures == {**old.figures, **found}
    assert (new.name, new.licence, new.training_data) == (old.name, old.licence, old.training_data)
    after = load_phrase(path).state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    once = path.read_bytes()
    add_figures(path, found)
    assert path.read_bytes() == once
    assert headline([]) == {}
