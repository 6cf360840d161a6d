from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from unlearn_job.cli import app
from unlearn_job.progress import show_progress
from unlearn_job.shell import entered

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]
LITTLE = {"images": 8, "clips": 4, "retention-images": 16, "image-steps": 1, "clip-steps": 1, "frames": 2}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("UNLEARN_CACHE_DIR", str(tmp_path / "cache"))
    yield
    structlog.reset_defaults()
    show_progress(on=False)


def line(models: Path, out: Path, *more: str) -> list[str]:
    given = {"surrogate": models / "t2i", "pipeline": models / "t2v", "judge": models / "judge", "out": out}
    flags = [text for name, value in (given | LITTLE).items() for text in (f"--{name}", str(value))]
    return ["bench", *flags, *more]


def test_a_bench_writes_its_tables_and_goes_on(
    tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert entered(app, line(tiny_models, out, "--concept", "cat", "-o", "json")) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert (run["concept"], run["method"]) == ("cat", "closed-form")
    before = (out / "runs.csv").read_bytes()
    assert entered(app, line(tiny_models, out, "--concept", "cat")) == 0
    assert capsys.readouterr().out.startswith("# Measured")
    assert (out / "runs.csv").read_bytes() == before
    assert {p.name for p in out.iterdir()} >= {"README.md", "results.html", "concepts.csv"}
    # With other amounts it would answer with the figures of these.
    more = ["--concept", "cat", "--guidance", "3"]
    assert entered(app, line(tiny_models, out, *more)) == 78
    assert (
        capsys.readouterr().err.splitlines()[-1].startswith(f"OtherBench: {out} holds a bench with another")
    )


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "InvalidDocument: name what the runs shall erase"),
        (["--concept", "cat", "--method", "magic"], "UnknownMethod: there is no method 'magic'"),
        (["--concept", "cat", "--attacks", "magic"], "UnknownAttack: there is no attack 'magic'"),
        (["--concept", "cat", "--seeds", "-1"], "Usage: --seeds.0: Input should be greater"),
    ],
)
def test_bad_input_has_one_sentence(
    more: list[str], sentence: str, tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entered(app, line(tiny_models, tmp_path / "results", *more)) == 78
    assert capsys.readouterr().err.splitlines()[-1].startswith(sentence)
