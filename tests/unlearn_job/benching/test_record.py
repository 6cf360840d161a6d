"""Figures that cannot be compared do not get into one folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unlearn_job.benching.files import RUNS
from unlearn_job.benching.planning import BenchOrder, Planned, planned
from unlearn_job.benching.record import RECORD, OtherBenchError, claim
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.document import Probe


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with a figure in it."""
    (tmp_path / RUNS).write_text("method,concept,seed\n")
    return tmp_path


def plan(out: Path, **more: Any) -> Planned:
    given = {"pipeline": "/t2v", "judge": "/judge", "concept": ("cat",), "preserve": ("fish",), "out": out}
    return planned(BenchOrder(**(given | more)))


@pytest.mark.parametrize(
    "more",
    [
        {"method": ("redirect",)},
        {"seeds": (0, 1)},
        {"concept": ("cat", "boat")},
        {"attacks": ("words",)},
        {"device": "CPU"},
    ],
    ids=str,
)
def test_more_of_the_same_is_added(more: dict[str, Any], out: Path) -> None:
    claim(plan(out), Probe(), Budget())
    claim(plan(out, **more), Probe(), Budget())
    claim(plan(out), Probe(), Budget())


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"pipeline": "/other"}, "pair of models"),
        ({"surrogate": "/t2i"}, "pair of models"),
        ({"judge": "/other"}, "judge"),
        ({"preserve": ("fish", "boat")}, "retain set"),
        ({"holdout": ("boat",)}, "holdout"),
        ({"concept": ("Style:cat",)}, "description of cat"),
    ],
)
def test_what_was_measured_otherwise_is_refused_and_named(more: dict[str, Any], what: str, out: Path) -> None:
    claim(plan(out), Probe(), Budget())
    before = (out / RECORD).read_bytes()
    with pytest.raises(OtherBenchError, match=f"holds a bench with another {what}; choose another --out"):
        claim(plan(out, **more), Probe(), Budget())
    assert (out / RECORD).read_bytes() == before


def test_amounts_bind_those_of_attacks_from_the_first_attack_on(out: Path) -> None:
    claim(plan(out), Probe(), Budget())
    with pytest.raises(OtherBenchError, match="another probe"):
        claim(plan(out), Probe(images=8), Budget())
    attacked = plan(out, attacks=("words",))
    claim(attacked, Probe(), Budget(fresh=8))
    with pytest.raises(OtherBenchError, match="another attack budget"):
        claim(attacked, Probe(), Budget())
    claim(plan(out), Probe(), Budget())


def test_prompts_are_part_of_it(out: Path) -> None:
    prompts = out / "prompts.json"
    prompts.write_text(json.dumps({"Object": ["a photo of {}"]}))
    claim(plan(out, prompts=prompts), Probe(), Budget())
    claim(plan(out, prompts=prompts), Probe(), Budget())
    prompts.write_text(json.dumps({"Object": ["a painting of {}"]}))
    with pytest.raises(OtherBenchError, match="another set of prompts"):
        claim(plan(out, prompts=prompts), Probe(), Budget())


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_record_that_says_nothing_is_refused(content: str, out: Path) -> None:
    (out / RECORD).write_text(content)
    with pytest.raises(OtherBenchError, match="is no record of a bench"):
        claim(plan(out), Probe(), Budget())


def test_a_folder_without_a_figure_is_bound_to_nothing(tmp_path: Path) -> None:
    claim(plan(tmp_path, pipeline="/a/slip"), Probe(), Budget())
    claim(plan(tmp_path), Probe(), Budget())
    (tmp_path / RUNS).write_text("method,concept,seed\n")
    with pytest.raises(OtherBenchError):
        claim(plan(tmp_path, pipeline="/a/slip"), Probe(), Budget())
