from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from unlearn_job.cli import app
from unlearn_job.progress import show_progress
from unlearn_job.shell import entered

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

LITTLE = {
    "images": 8,
    "clips": 4,
    "retention-images": 16,
    "wording-images": 4,
    "image-steps": 1,
    "clip-steps": 1,
    "frames": 2,
}
CHEAP = {"screened": 40, "rounds": 0, "judged": 2, "looks": 1, "finalists": 1, "selection": 1, "fresh": 2}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("UNLEARN_CACHE_DIR", str(tmp_path / "cache"))
    yield
    structlog.reset_defaults()
    show_progress(on=False)


def flags(models: Path) -> list[str]:
    where = {"surrogate": models / "t2i", "pipeline": models / "t2v", "judge": models / "judge"}
    return given({**where, "concept": "cat", **LITTLE})


def given(values: dict[str, Any]) -> list[str]:
    return [text for name, value in values.items() for text in (f"--{name}", str(value))]


def test_probe_gives_all_of_probe_json(tiny_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    encoder = str(tiny_models / "t2v" / "text_encoder")
    assert entered(app, ["probe", "--encoder-from", encoder, *flags(tiny_models), "-o", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = report["concepts"]
    assert row["concept"] == "cat"
    # The judge of these models sees a cat in everything.
    assert row["images"]["hits"] == row["images"]["samples"] == row["baseImages"]["hits"]


def test_attack_gives_a_table_with_the_control(tiny_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    encoder = str(tiny_models / "t2v")
    arguments = ["--encoder-from", encoder, "--attacks", "misspelling", "--attacks", "words"]
    assert entered(app, ["attack", *arguments, *flags(tiny_models), *given(CHEAP)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["concept", "attack"],
        ["cat", "misspelling"],
        ["cat", "words"],
    ]


@pytest.mark.parametrize(
    ("command", "more", "sentence"),
    [
        ("probe", ["--encoder-from", "/nowhere"], "SourceMissing: there is no encoder at file:///nowhere"),
        (
            "attack",
            ["--encoder-from", "/x", "--attacks", "magic"],
            "UnknownAttack: there is no attack 'magic'",
        ),
    ],
)
def test_bad_input_has_one_sentence(
    command: str, more: list[str], sentence: str, tiny_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entered(app, [command, *more, *flags(tiny_models)]) == 78
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    assert line.startswith(sentence)
