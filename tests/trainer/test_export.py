"""An exported model: it plays in the companion, its parts make its whole, its card tells where it comes from, and nothing is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from companion.model_store import list_models, open_soloist, show_models
from shared.checkpoint import load, read_header, save
from shared.model_folder import load_model
from tests.companion.tasks import jam
from tests.trainer.made_folder import model
from trainer.cli import main

NLL = {
    "part": "test", "pieces": 4, "ngram": {"per_note": 4.2, "notes": 900}, "base": {"per_note": 3.5, "notes": 900},
    "lora": {"per_note": 3.25, "notes": 900}, "gains": {"lora_over_base": {"percent": 7.1, "low": 6.0, "high": 8.2}},
}  # fmt: skip
ROW = {"human_p10": 0.4, "human_p50": 0.5, "human_p90": 0.6, "gate": True}
METRICS = {
    "measures": {"chord_tone_share": {"value": 0.52, "inside": True, **ROW}, "steps": {"value": 0.9, "inside": False, **ROW}},
    "gates": 2, "gates_inside": 1, "counts": {"solos": 60}, "swing": {"110-140": {"value": 1.3, "human_p50": 1.27}},
    "memorization": {"share": 0.01, "human_share": 0.02, "human_solos": 30, "known_rows": 5},
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    model(tmp_path / "checkpoints" / "raw")
    for name, found in (("nll", NLL), ("metrics", METRICS), ("more", {"seeds": 3}), ("wrong", {"seeds": "three"}), ("other", [1])):
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    return tmp_path


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["export", "--model", "raw", *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_an_exported_model_plays_and_tells_its_figures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--out", "out/blue", "--figures", "nll.json", "--figures", "metrics.json", "--figures", "more.json") == 0
    names = {"model.safetensors", "base.safetensors", "adapter.safetensors", "README.md"}
    assert {path.name for path in Path("out/blue").iterdir()} == names
    assert len(jam(open_soloist("blue", "cpu", [Path("out")]), 12)) >= 12
    card = read_header(Path("out/blue/model.safetensors")).card
    assert (card.name, card.figures["lora_nats_per_note"], card.figures["gates_inside"], card.figures["seeds"]) == ("blue", 3.25, 1, 3)
    # The base's music counts for the whole, with its licence and attribution.
    for text in (card.training_data, Path("out/blue/README.md").read_text()):
        assert "POP909 (MIT, Wang et al., ISMIR 2020)" in text
        assert "Weimar Jazz Database (ODbL-1.0, Jazzomat Research Project" in text
    assert "ODbL-1.0" in card.licence
    page = Path("out/blue/README.md").read_text()
    assert all(part in page for part in ("| base and adapter | 3.250 |", "+7.10 %", "1 of 2 measures of 60 solos", "seeds: 3", "## Limits"))
    # Failing measures stand first.
    assert page.index("| steps | 0.900") < page.index("| chord tone share | 0.520")
    capsys.readouterr()
    show_models([Path("out")])
    shown = capsys.readouterr().out
    assert all(len(line.rstrip()) <= 100 for line in shown.splitlines())
    assert all(word in shown for word in ("blue", "ODbL-1.0", "gates inside 1", "Weimar"))
    assert [installed.fault for installed in list_models([Path("out")])] == [None]


def test_what_one_seed_lacks_is_a_dash_in_the_card(here: Path) -> None:
    bare = {**METRICS, "swing": {"180-220": {"value": 1.2, "human_p50": 1.18}}, "memorization": None}
    Path("bare.json").write_text(json.dumps(bare))
    Path("base.json").write_text(json.dumps({name: NLL[name] for name in ("part", "pieces", "ngram", "base")}))
    named = [word for name in ("metrics", "bare", "nll", "base") for word in ("--figures", f"{name}.json")]
    assert ended("--out", "blue", *named) == 0
    page = Path("blue/README.md").read_text()
    assert "| 110-140 BPM | 1.300 | – | 1.270 |" in page
    assert "| 180-220 BPM | – | 1.200 | 1.180 |" in page
    assert "in any key: 1.0 %, – of the solos' rows; of 30 held-out human solos' 2.0 %." in page
    assert "| base and adapter | 3.250 | – |" in page
    assert "- lora over base: +7.10 % (6.00 to 8.20); –" in page
    # The other way round, the one that has less comes first.
    named = [word for name in ("bare", "metrics", "base", "nll") for word in ("--figures", f"{name}.json")]
    assert ended("--out", "green", *named) == 0
    assert "| 110-140 BPM | – | 1.300 | 1.270 |" in Path("green/README.md").read_text()


@pytest.mark.parametrize("strength", [1.0, 0.5, 1.5])
def test_the_parts_make_the_whole_at_any_strength(here: Path, strength: float) -> None:
    assert ended("--out", "blue", "--strength", strength) == 0
    rows = torch.randint(0, 5, (2, 8, load(Path("blue/model.safetensors")).get_buffer("offsets").numel()))
    with torch.inference_mode():
        merged, parts = load(Path("blue/model.safetensors"))(rows), load_model(Path("blue").resolve())(rows)
        source = load_model(Path("checkpoints/raw"), strength)(rows)
        plain = load_model(Path("checkpoints/raw"), 0.0)(rows)
    torch.testing.assert_close(merged, parts, atol=2e-2, rtol=2e-2)
    torch.testing.assert_close(merged, source, atol=2e-2, rtol=2e-2)
    assert (merged - plain).abs().max() > 0.1
    told = "adapter strength" in Path("blue/README.md").read_text()
    assert told == (strength != 1.0)


def test_a_merged_model_alone_can_be_passed_on(here: Path) -> None:
    for name in ("base", "adapter"):
        (here / f"checkpoints/raw/{name}.safetensors").unlink()
    assert ended("--out", "blue") == 0
    assert {path.name for path in Path("blue").iterdir()} == {"model.safetensors", "README.md"}
    assert ended("--out", "weaker", "--strength", 0.5) == 2
    assert not Path("weaker").exists()


def test_a_base_of_another_model_may_know_what_was_held_out(here: Path) -> None:
    assert ended("--out", "own") == 0
    assert "No tune that was held out for measuring was learned from" in Path("own/README.md").read_text()
    base = Path("checkpoints/raw/base.safetensors")
    save(base, load(base), replace(read_header(base).card, name="elsewhere"))
    assert ended("--out", "blue") == 0
    assert ended("--model", "./blue", "--out", "again") == 0
    for name in ("blue", "again"):
        page = Path(name, "README.md").read_text()
        assert "No tune that was held out" not in page
        assert "The adapter learned from no tune that was held out for measuring, in any key. The base is that of `elsewhere`" in page


def test_what_was_exported_is_replaced_only_when_that_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--out", "blue") == 0
    assert ended("--out", "blue") == 2
    assert "blue: holds a model already; name another folder, or add --overwrite" in capsys.readouterr().err
    assert ended("--out", "blue", "--overwrite") == 0
    Path("blue/song.mid").write_bytes(b"mine")
    assert ended("--out", "blue", "--overwrite") == 2
    assert Path("blue/song.mid").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "nobody"), "--model nobody: no such model; there are "),
        (("--figures", "none.json"), "--figures none.json: cannot be read"),
        (("--figures", "wrong.json"), "--figures wrong.json: no figures (seeds is no number)"),
        (("--figures", "other.json"), "--figures other.json: no figures"),
        (("--out", "checkpoints/raw"), "there the model itself lies"),
        (("--strength", "0"), "Invalid value for '--strength'"),
        (("--model", "torn"), "torn/model.safetensors: no JamBot model file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], message: str
) -> None:
    Path("checkpoints/torn").mkdir()
    Path("checkpoints/torn/model.safetensors").write_bytes(b"torn")
    words = arguments if "--out" in arguments else (*arguments, "--out", "blue")
    assert ended(*words) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not any(path.name.startswith((".blue", "blue")) for path in here.iterdir())


def test_several_seeds_stand_side_by_side_and_commands_are_named(here: Path) -> None:
    Path("again.json").write_text(json.dumps({**NLL, "command": "python -m trainer nll --seed 2", "machine": "2 cores",
                                              "lora": {"per_note": 3.5, "notes": 900}}))  # fmt: skip
    speed = {"speed": {"onnx-q8": {"step, hot": {"p50": 0.7, "p99": 1.04}}}, "command": "companion speed", "machine": "2 cores"}
    Path("speed.json").write_text(json.dumps(speed))
    assert ended("--out", "out/blue", "--figures", "nll.json", "--figures", "again.json", "--figures", "speed.json") == 0
    page = Path("out/blue/README.md").read_text()
    assert "| base and adapter | 3.250 | 3.500 |" in page
    assert "`python -m trainer nll --seed 2`, on 2 cores" in page
    assert "| step, hot | 0.7 / 1.0 |" in page
    # The header tells the figures of the weights that lie there.
    assert read_header(Path("out/blue/model.safetensors")).card.figures["lora_nats_per_note"] == 3.25


def test_speed_that_is_none_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("speed.json").write_text('{"speed": {"onnx-q8": {"step": 3}}}')
    assert ended("--out", "out/blue", "--figures", "speed.json") == 2
    assert "--figures speed.json: no figures" in capsys.readouterr().err
    assert not Path("out/blue").exists()
