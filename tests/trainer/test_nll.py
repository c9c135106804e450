"""`trainer nll` and `trainer ngram` as a user meets them: figures that belong together, and one line where something is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.checkpoint import ADAPTER_FILE_NAME, FILE_NAME, Card, save, save_adapter
from shared.model_folder import BASE_FILE_NAME, load_base, load_model
from shared.nets.lora import LoraConfig, add_lora, lora_state
from shared.tokens import hidden_next
from tests.shared.melody import tiny
from tests.trainer.made_solos import solo
from trainer import weimar
from trainer.cli import main
from trainer.likelihood import piece_nats
from trainer.nats import total
from trainer.ngram import load
from trainer.nll import TITLES
from trainer.nll_data import count_ngram, read_held_out
from trainer.piece import tune_key
from trainer.shards import MANIFEST, open_shards, write_shards
from trainer.split import part_of

CARD = Card("tiny", "made-up solos", "MIT")


def ended(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    shards = write_shards(folder, [solo(seed) for seed in range(40)], [], {}, transpose_all_keys=True)
    assert {entry.part for entry in shards.entries} == {"train", "val", "test"}
    return folder


@pytest.fixture
def model(tmp_path: Path, prepared: Path) -> Path:
    """A folder with a tiny base, an adapter that changes it, and the n-gram."""
    folder = tmp_path / "tiny"
    decoder = tiny()
    save(folder / BASE_FILE_NAME, decoder, CARD)
    config = LoraConfig(rank=2)
    add_lora(decoder, config)
    for tensor in lora_state(decoder).values():
        tensor.add_(0.02)
    save_adapter(folder / ADAPTER_FILE_NAME, decoder, config, CARD)
    assert ended("ngram", "--data", str(prepared), "--out", str(folder / "ngram.safetensors")) == 0
    return folder


def test_every_line_is_measured_on_the_same_notes_and_written_as_shown(
    model: Path, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("nll", "--model", str(model), "--data", str(prepared), "--json", str(tmp_path / "out.json")) == 0
    said = " ".join(capsys.readouterr().out.split())
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    held_out = read_held_out(prepared)
    notes = sum(entry.notes for entry in open_shards(prepared).entries if entry.part == "test")
    assert (written["part"], written["pieces"]) == ("test", len(held_out.pieces))
    for name in TITLES:
        line = written[name]
        assert line["notes"] == notes
        assert line["per_note"] == pytest.approx(line["onset"] + line["pitch"] + line["duration"], abs=1e-4)
        assert f"{line['per_note']:.4f}" in said
    assert written["base"]["per_note"] != written["lora"]["per_note"]
    for before, after, name in (("ngram", "base", "base_over_ngram"), ("base", "lora", "lora_over_base")):
        gain = written["gains"][name]
        assert gain["percent"] == pytest.approx(100 * (1 - written[after]["per_note"] / written[before]["per_note"]), abs=1e-2)
        assert gain["low"] <= gain["percent"] <= gain["high"]


def test_a_line_is_what_its_net_says(model: Path, prepared: Path, tmp_path: Path) -> None:
    assert ended("nll", "--model", str(model), "--data", str(prepared), "--part", "val", "--json", str(tmp_path / "out.json")) == 0
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    pieces = read_held_out(prepared, "val").pieces
    base, played, ngram = load_base(model), load_model(model), load(model / "ngram.safetensors")
    expected = {
        "ngram": total(ngram["plain"].nats(steps) for steps in pieces),
        "ngram_informed": total(ngram["informed"].nats(steps) for steps in pieces),
        "base": total(piece_nats(base, steps) for steps in pieces),
        "lora": total(piece_nats(played, steps) for steps in pieces),
        "next_unknown": total(piece_nats(played, hidden_next(steps, -1)) for steps in pieces),
    }
    for name, nats in expected.items():
        assert written[name]["per_note"] == pytest.approx(nats.figures["per_note"], abs=1e-4)


def test_merged_weights_alone_are_the_adapted_model_and_a_base_alone_is_no_adapted_one(model: Path, prepared: Path, tmp_path: Path) -> None:
    (model / ADAPTER_FILE_NAME).unlink()
    assert ended("nll", "--model", str(model), "--data", str(prepared), "--json", str(tmp_path / "base.json")) == 0
    (model / BASE_FILE_NAME).rename(model / FILE_NAME)
    assert ended("nll", "--model", str(model), "--data", str(prepared), "--json", str(tmp_path / "merged.json")) == 0
    base, merged = (json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) for name in ("base", "merged"))
    assert "lora" not in base
    assert "base" not in merged
    assert merged["lora"] == base["base"]
    assert set(base["gains"]) == {"base_over_ngram", "base_over_ngram_informed", "next_known_over_unknown", "chords_over_shuffled"}


def test_the_ngram_is_counted_on_the_spot_where_it_is_asked_for(model: Path, prepared: Path, tmp_path: Path) -> None:
    assert ended("nll", "--model", str(model), "--data", str(prepared), "--json", str(tmp_path / "a.json")) == 0
    (model / "ngram.safetensors").unlink()
    again = ("nll", "--model", str(model), "--data", str(prepared), "--prepared", str(prepared), "--json", str(tmp_path / "b.json"))
    assert ended(*again) == 0
    one, other = (json.loads((tmp_path / name).read_text(encoding="utf-8"))["ngram"] for name in ("a.json", "b.json"))
    assert one == pytest.approx(other, abs=1e-4)


def test_pop_songs_beside_the_jazz_change_no_figure(model: Path, prepared: Path, tmp_path: Path) -> None:
    pieces = [solo(seed) for seed in range(40)]
    songs = [replace(solo(seed), source="pop909") for seed in range(40, 80)]
    write_shards(tmp_path / "mixed", [*songs, *pieces], [], {}, transpose_all_keys=True)
    found = []
    for data in (prepared, tmp_path / "mixed"):
        assert ended("nll", "--model", str(model), "--data", str(data), "--json", str(tmp_path / "out.json")) == 0
        written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        found.append([written[name] for name in ("pieces", "ngram", "base", "lora")])
    assert found[0] == found[1]
    write_shards(tmp_path / "pop", songs, [], {}, transpose_all_keys=True)
    assert len(read_held_out(tmp_path / "pop", "all").pieces) == len(songs)


def test_without_a_validation_part_some_training_pieces_weigh_the_orders(tmp_path: Path) -> None:
    kept = [piece for piece in (solo(seed) for seed in range(40)) if piece.tune in train_tunes()]
    write_shards(tmp_path, kept, [], {}, transpose_all_keys=True)
    ngram, card = count_ngram(tmp_path, jazz_only=True)
    assert ngram["plain"].tables["pitch"].levels[0].counts.sum() < sum(len(piece.notes) for piece in kept)
    assert "Weimar" in card.training_data


def train_tunes() -> set[str]:
    return {tune for tune in (f"tune {seed}" for seed in range(40)) if part_of(tune) == "train"}


TITLES_OF_SOLOS = [f"Tune {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]


def weimar_tables(folder: Path) -> None:
    """Tables like those of the Weimar Jazz Database: eighths up and down over one chord."""
    notes, beats, meta = [], [], []
    for number, title in enumerate(TITLES_OF_SOLOS):
        name = f"Player {title}"
        meta.append({"solo": name, "title": title, "style": "BEBOP", "rhythmfeel": "SWING", "avgtempo": 180.0})
        for beat in range(32):
            where = {"solo": name, "bar": beat // 4, "beat": beat % 4 + 1}
            beats.append({**where, "signature": "4/4", "chord": "C7" if beat % 8 == 0 else "", "bass": 36})
            for tatum in (1, 2):
                place = {"division": 2, "tatum": tatum, "beatpos_score": beat + (tatum - 1) / 2}
                timing = {"duration": 0.1, "micro_beats": 0.02, "beatdur_perf": 0.3}
                notes.append({**where, "pitch": 60 + (beat + number) % 12, **place, **timing})
    for file, table in ((weimar.NOTES, notes), (weimar.BEATS, beats), (weimar.META, meta)):
        pq.write_table(pa.Table.from_pylist(table), folder / file)


def test_tables_like_weimars_are_measured_whole_or_by_part(model: Path, tmp_path: Path) -> None:
    weimar_tables(tmp_path)
    assert ended("nll", "--model", str(model), "--data", str(tmp_path), "--json", str(tmp_path / "out.json")) == 0
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (written["part"], written["pieces"], written["lora"]["notes"]) == ("all", 26, 26 * 64)
    held = read_held_out(tmp_path, "test")
    assert 0 < len(held.pieces) == sum(part_of(tune_key(title)) == "test" for title in TITLES_OF_SOLOS)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("no model", "no such model"),
        ("no n-gram", "count it: python -m trainer ngram"),
        ("other vocabulary", "token version 0123456789abcdef"),
        ("empty folder", "neither a prepared folder"),
        ("nothing in part", "no lead line in part val"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    spoil: str, message: str, model: Path, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, name, part = prepared, str(model), "val"
    match spoil:
        case "no model":
            name = str(tmp_path / "elsewhere")
        case "no n-gram":
            (model / "ngram.safetensors").unlink()
        case "other vocabulary":
            data = tmp_path / "old"
            data.mkdir()
            text = (prepared / MANIFEST).read_text(encoding="utf-8")
            manifest = {**json.loads(text), "vocabulary": "0123456789abcdef"}
            (data / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        case "empty folder":
            data = tmp_path / "empty"
            data.mkdir()
        case "nothing in part":
            data = tmp_path / "train"
            write_shards(data, [piece for piece in map(solo, range(40)) if piece.tune in train_tunes()], [], {}, transpose_all_keys=True)
    capsys.readouterr()
    assert ended("nll", "--model", name, "--data", str(data), "--part", part, "--json", str(tmp_path / "out.json")) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert message in said
    assert not (tmp_path / "out.json").exists()
