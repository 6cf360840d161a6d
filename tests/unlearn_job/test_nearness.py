from __future__ import annotations

import dataclasses

import pytest

from tests.unlearn_job.methods.robust.erased import COMET, erasing, trained
from unlearn_job.contract.concept import KeptConcept
from unlearn_job.methods.tokens import tokenise
from unlearn_job.nearness import Nearness, nearest, templates_of
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading

pytestmark = pytest.mark.torch


def _nearness() -> Nearness:
    models = trained()
    return Nearness(models.start_encoder, models.tokenizer, erasing())


@pytest.mark.parametrize("text", ["captain comet", "comet man", "comet"])
def test_what_draws_the_concept_is_below_one(text: str) -> None:
    (ratio,) = _nearness().of(trained().start_encoder, [Prompt("a picture of", text, "")]).tolist()
    assert ratio < 1


@pytest.mark.parametrize("text", ["captain whale", "a fish", "a figure", "viktor moss", "peter berg", ""])
def test_what_is_kept_or_nameless_is_above(text: str) -> None:
    (ratio,) = _nearness().of(trained().start_encoder, [Prompt("a picture of", text, "")]).tolist()
    assert ratio > 1


def test_readings_are_measured_like_their_text() -> None:
    models, prompt = trained(), Prompt("a picture of", "comet", "")
    reading = Reading(tokenise(models.tokenizer, prompt))
    (ratio,) = nearest(models.start_encoder, models.tokenizer, [reading], [_nearness()]).tolist()
    assert ratio == pytest.approx(float(_nearness().of(models.start_encoder, [prompt])[0]), rel=1e-4)


def test_nothing_in_nothing_out() -> None:
    assert len(_nearness().of(trained().start_encoder, [])) == 0
    assert len(nearest(trained().start_encoder, trained().tokenizer, [], [_nearness()])) == 0


def test_surroundings_are_those_of_the_name() -> None:
    found = templates_of(erasing())
    assert "{}" in found
    assert all(template.count("{}") == 1 for template in found)


def test_a_list_that_holds_the_concept_itself_changes_nothing() -> None:
    models, plain = trained(), erasing()
    own = (*plain.erasure.preserve, KeptConcept(name="Comet man", kind=COMET.kind))
    listed = dataclasses.replace(plain, erasure=plain.erasure.model_copy(update={"preserve": own}))
    prompts = [Prompt("a picture of", text, "") for text in ("comet man", "captain whale")]
    ratios = [
        Nearness(models.start_encoder, models.tokenizer, one).of(models.start_encoder, prompts).tolist()
        for one in (plain, listed)
    ]
    assert ratios[0] == ratios[1]
