from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from unlearn_job.cli import app
from unlearn_job.progress import show_progress
from unlearn_job.shell import entered

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("UNLEARN_CACHE_DIR", str(tmp_path / "cache"))
    yield
    structlog.reset_defaults()
    show_progress(on=False)


def line(models: Path, out: Path, *more: str) -> list[str]:
    where = ["--surrogate", str(models / "t2i"), "--judge", str(models / "judge"), "--out", str(out)]
    return ["dataset", *where, "--count", "2", "--attempts", "1", "--steps", "1", *more]


def test_a_data_set_is_made_and_made_again(
    tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.enable_progress_bar()  # whatever an earlier test made of it
    found = []
    for _ in range(2):
        assert entered(app, line(tiny_models, tmp_path / "set", "--anchor", "cat", "-o", "json")) == 0
        said = capsys.readouterr()
        found.append(json.loads(said.out))
        assert "Loading" not in said.err, "bars of the libraries"
    assert found[0] == found[1]
    # Untrained models draw noise, which is no picture of anything, whatever the judge sees.
    assert found[0]["kept"] + sum(found[0]["short"].values()) in {0, 2}
    assert (tmp_path / "set" / "README.md").exists()


def test_bad_input_has_one_sentence(
    tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entered(app, line(tiny_models, tmp_path / "set")) == 78
    assert capsys.readouterr().err.startswith("InvalidDocument: name what the data set shall show")
    assert entered(app, line(tiny_models, tmp_path / "set", "--anchor", "dragon")) == 78
    assert "UnknownConcept: the classifier has no label 'dragon'" in capsys.readouterr().err
