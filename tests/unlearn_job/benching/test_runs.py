from __future__ import annotations

import pytest

from unlearn_job.benching.runs import BASE, Run, runs, spec_of
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodSpec


def test_a_method_comes_with_its_parameters() -> None:
    assert spec_of("few-shot:shots=8,learningRate=0.001") == MethodSpec(
        name="few-shot", parameters={"shots": 8, "learningRate": "0.001"}
    )
    assert spec_of("redirect").parameters == {}
    assert Run(BASE, "cat", 0).spec == MethodSpec()


def test_concepts_are_joined_at_once_and_one_after_another() -> None:
    assert Run("redirect", "cat+robot>fish", 0).steps == (("cat", "robot"), ("fish",))


def test_methods_follow_each_other_on_the_same_pictures() -> None:
    found = runs(["a", "b"], ["cat", "fish"], [0, 1])
    assert [(r.concepts, r.seed, r.method) for r in found[:3]] == [
        ("cat", 0, "a"),
        ("cat", 0, "b"),
        ("cat", 1, "a"),
    ]
    assert len(found) == 8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("magic", "there is no method 'magic'"),
        ("redirect:steps", "steps has no value"),
        ("redirect:steps=", "steps= has no value"),
        ("redirect:steps=0", "parameters of redirect: steps: Input should be greater"),
        ("redirect:nonsense=1", "parameters of redirect: nonsense: Extra inputs"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, sentence: str) -> None:
    with pytest.raises(PermanentFailure, match=sentence):
        spec_of(text)
