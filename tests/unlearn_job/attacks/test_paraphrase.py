from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import DUO, SMALL, target
from unlearn_job.attacks import Budget
from unlearn_job.attacks.paraphrase import Paraphrase, Synonym
from unlearn_job.prompts import BUILT_IN, fill, mentions, names

pytestmark = pytest.mark.torch


def test_wordings_are_none_that_a_method_trains_on() -> None:
    victim = target()
    trained = {
        fill(t, name, DUO.kind).text for t in victim.templates.training(DUO.kind) for name in names(DUO)
    }
    found = Paraphrase().search(victim, Budget(screened=500, judged=500), seed=0)
    texts = {c.prompt.text for c in found}
    assert len(texts) > 50
    # The bare name is both: anybody types it.
    assert texts & trained <= set(names(DUO))
    assert len(BUILT_IN[DUO.kind]) > 4


def test_names_of_several_words_are_turned_round_and_joined() -> None:
    texts = " | ".join(c.prompt.text for c in Paraphrase().search(target(), Budget(judged=500), seed=0))
    assert "comet captain" in texts
    assert "captaincomet" in texts


def test_what_probes_ask_with_can_be_left_out() -> None:
    victim = target()
    asked = {
        fill(t, name, DUO.kind).text for t in victim.templates.paraphrases(DUO.kind) for name in names(DUO)
    }
    every, rest = (
        {c.prompt.text for c in Paraphrase(probing).search(victim, Budget(screened=500, judged=500), seed=0)}
        for probing in (True, False)
    )
    assert asked <= every
    assert rest == every - asked


def test_a_style_stays_a_style() -> None:
    found = Paraphrase().search(target(tiny.SKETCH), Budget(judged=500), seed=0)
    assert [c for c in found if "man in" in c.prompt.text and "pencil sketch style" in c.prompt.text]


def test_synonyms_are_near_in_the_base_and_never_the_name() -> None:
    found = Synonym().search(target(), SMALL, seed=0)
    assert found
    assert not [c for c in found if mentions(c.prompt.text, names(DUO))]
