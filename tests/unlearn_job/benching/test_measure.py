from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import SMALL
from unlearn_job.benching.files import ATTACKS, CONCEPTS, RUNS
from unlearn_job.benching.measure import Bench, measure, missing_attacks, pictures_of
from unlearn_job.benching.runs import BASE, Run
from unlearn_job.benching.tabular import read
from unlearn_job.contract.concept import Concept
from unlearn_job.contract.document import JobInput, Probe

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]


def document(adds: Any, *, holds: Any, method: Any, seed: int, probe: Probe) -> JobInput:
    def erasures(names: Any) -> tuple[Any, ...]:
        return tuple(tiny.erasure(Concept(name=name), tiny.WHALE) for name in names)

    return tiny.document(
        *erasures(adds),
        holds=erasures(holds),
        method=method.name,
        parameters=dict(method.parameters),
        probe={name: getattr(probe, name) for name in tiny.AMOUNT},
        seed=seed,
    )


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """Open a bench on untrained models, and count how often."""
    times: list[Bench] = []

    def open_bench() -> Bench:
        models = tiny.models()
        doc = tiny.document(tiny.erasure(tiny.CAT))
        times.append(
            Bench(
                models=models,
                judge=tiny.Eyes(),
                documents=document,
                probe=Probe(**tiny.AMOUNT),
                budget=SMALL,
                out=tmp_path,
                pictures=pictures_of(models, doc, tmp_path),
            )
        )
        return times[-1]

    open_bench.times = times  # type: ignore[attr-defined]
    return open_bench


ONE, CHAIN = Run("closed-form", "cat", 0), Run("closed-form", "cat>fish", 0)


def test_what_is_there_is_not_measured_again(tmp_path: Path, opened: Any) -> None:
    measure(tmp_path, [ONE], (), opened)
    (row,) = read(tmp_path / RUNS)
    assert (row["method"], row["concept"], row["seed"]) == ("closed-form", "cat", "0")
    assert int(row["imageSamples"]) >= 8
    assert int(row["peakMebibytes"]) > 0
    assert {line["concept"] for line in read(tmp_path / CONCEPTS)} == {"cat", "captain whale"}
    measure(tmp_path, [ONE], (), opened)
    assert len(opened.times) == 1
    assert len(read(tmp_path / RUNS)) == 1


def test_base_pictures_are_drawn_once_for_all_methods(tmp_path: Path, opened: Any) -> None:
    measure(tmp_path, [ONE], (), opened)
    drawn = opened.times[0].pictures.drawn
    assert drawn > 0
    measure(tmp_path, [Run("closed-form:layers=1", "cat", 0)], (), opened)
    assert opened.times[1].pictures.drawn == 0
    assert opened.times[1].pictures.found >= drawn


def test_parameters_of_a_method_hold_where_a_run_does_not_say_otherwise(tmp_path: Path, opened: Any) -> None:
    asked = []

    def noted(*given: Any, method: Any, **more: Any) -> JobInput:
        asked.append(method.parameters)
        return document(*given, method=method, **more)

    def changed() -> Bench:
        return dataclasses.replace(
            opened(), documents=noted, parameters={"closed-form": {"negatives": 24, "layers": 2}}
        )

    measure(tmp_path, [ONE, Run("closed-form:layers=1", "cat", 0)], (), changed)
    assert asked == [{"negatives": 24, "layers": 2}, {"negatives": 24, "layers": 1}]


def test_a_chain_holds_what_went_before(tmp_path: Path, opened: Any) -> None:
    measure(tmp_path, [CHAIN], (), opened)
    roles = {line["concept"]: line["role"] for line in read(tmp_path / CONCEPTS)}
    assert (roles["fish"], roles["cat"]) == ("added", "held")


def test_attacks_are_added_to_what_was_probed(tmp_path: Path, opened: Any) -> None:
    control = Run(BASE, "cat", 0)
    measure(tmp_path, [ONE], (), opened)
    measure(tmp_path, [ONE, control], ("misspelling",), opened)
    lines = read(tmp_path / ATTACKS)
    assert [(line["method"], line["attack"]) for line in lines] == [
        ("closed-form", "misspelling"),
        (BASE, "misspelling"),
    ]
    # The control is no method: it has no line of its own among the runs.
    assert len(read(tmp_path / RUNS)) == 1
    assert missing_attacks(tmp_path, ONE, ("misspelling", "words")) == ["words"]
    assert missing_attacks(tmp_path, CHAIN, ("misspelling",)) == ["misspelling"]
