from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from erasure_operator.plan.desired import desired
from erasure_operator.plan.snapshot import Snapshot
from tests.erasure_operator.plan.builders import METHODS, T0, digest, edited, erasure, video_model

COMET, DORA = erasure("comet"), erasure("dora", age=1)


@pytest.mark.parametrize(
    "spec",
    [
        {"seed": 1},
        {"preserve": [{"name": "whale"}]},
        {"method": {"name": "closed-form", "parameters": {"strength": 4}}},
        {"pipeline": {"source": "s3://models/t2v-2"}},
        {"surrogate": {"source": "s3://models/t2i"}},
        {"encoder": "text_encoder_2"},
        {"encoders": ["text_encoder", "text_encoder_2"]},
        {"prompts": {"Character": ["a drawing of {}"]}},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_what_shapes_the_encoder_changes_the_digest(spec: dict[str, Any]) -> None:
    assert digest(COMET, edited(video_model(), **spec)) != digest(COMET)


@pytest.mark.parametrize(
    "spec",
    [
        {"gates": {"residual": {"maxPercent": 1}}},
        {"storage": {"uri": "s3://other"}},
        {"job": {"activeDeadlineSeconds": 60}},
        {"encoders": ["text_encoder"]},
        {"judge": {"type": "classifier", "source": "s3://models/other"}},
        {"method": {"name": "closed-form", "parameters": {"strength": 3}}},
    ],
    ids=["gates", "storage", "job", "a list of one", "judge", "a default said aloud"],
)
def test_what_does_not_shape_it_leaves_the_digest(spec: dict[str, Any]) -> None:
    assert digest(COMET, edited(video_model(), **spec)) == digest(COMET)


def test_both_preserve_lists_count_once_each_the_erasure_first() -> None:
    model = video_model(preserve=[{"name": "whale"}, {"name": "a man"}])
    item = erasure("comet", preserve=[{"name": "whale"}, {"name": "boat"}])
    asked = desired(Snapshot(model=model, erasures=(item,)), METHODS)
    assert [kept.name for kept in asked.erasures["comet"].preserve] == ["whale", "boat", "a man"]


def test_an_erasure_that_is_being_deleted_is_not_asked_for() -> None:
    going = COMET.model_copy(
        update={"metadata": COMET.metadata.model_copy(update={"deletion_timestamp": T0 + timedelta(hours=1)})}
    )
    asked = desired(Snapshot(model=video_model(), erasures=(going, DORA)), METHODS)
    assert list(asked.erasures) == ["dora"]
    assert not asked.incomplete


def test_the_oldest_comes_first_and_names_decide_between_equals() -> None:
    twins = (erasure("b"), erasure("a"), DORA)
    assert list(desired(Snapshot(model=video_model(), erasures=twins), METHODS).erasures) == [
        "a",
        "b",
        "dora",
    ]


def test_the_same_erasure_under_two_names_is_one_with_the_stricter_gates() -> None:
    first = erasure("one", concept={"name": "comet"}, gates={"residual": {"maxPercent": 3}})
    second = erasure("two", concept={"name": "comet"}, gates={"residual": {"maxPercent": 4}})
    asked = desired(Snapshot(model=video_model(), erasures=(first, second)), METHODS)
    assert len(asked.digests) == 1
    assert asked.gates.of(asked.digests).residual.max_percent == 3
    assert [item.name for item in asked.by_digest.values()] == ["one"]


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ({"name": "magic"}, "the methods are: closed-form, few-shot"),
        ({"name": "few-shot"}, "set spec.surrogate"),
        ({"name": "closed-form", "parameters": {"strength": 10}}, "less than or equal to 9"),
        ({"name": "closed-form", "parameters": {"power": 1}}, "Its parameters are: strength"),
    ],
)
def test_an_unusable_method_says_what_is_allowed(method: dict[str, Any], sentence: str) -> None:
    asked = desired(Snapshot(model=video_model(method=method), erasures=(COMET,)), METHODS)
    assert asked.problem is not None
    assert sentence in asked.problem


def test_a_method_through_the_denoiser_takes_several_encoders() -> None:
    model = video_model(
        method={"name": "few-shot"},
        surrogate={"source": "s3://models/t2i"},
        encoders=["text_encoder", "text_encoder_2"],
    )
    asked = desired(Snapshot(model=model, erasures=(COMET,)), METHODS)
    assert asked.problem is None
    assert len(asked.digests) == 1


def test_with_an_unusable_method_the_last_known_digests_count() -> None:
    known = COMET.model_copy(update={"status": COMET.status.model_copy(update={"digest": digest(COMET)})})
    model = video_model(method={"name": "magic"})
    asked = desired(Snapshot(model=model, erasures=(known, DORA)), METHODS)
    assert asked.digests == {digest(COMET)}
    assert asked.incomplete
