from __future__ import annotations

import copy
import dataclasses
import json

import pytest
import torch

from tests.unlearn_job.methods.robust.erased import FEW, KEPT, erasing, trained
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.inner import Searching
from unlearn_job.methods.robust.worded import Worded
from unlearn_job.nearness import Nearness, templates_of
from unlearn_job.prompts import Prompt, mentions

pytestmark = pytest.mark.torch


def _searching(**more: object) -> Searching:
    models, own = trained(), erasing()
    return Searching(
        Worded(own, models.tokenizer),
        models.start_encoder,
        Nearness(models.start_encoder, models.tokenizer, own),
        Config.model_validate({**FEW, "candidates": 400, **more}),
    )


@pytest.fixture(scope="module")
def found() -> Found:
    return _searching().found(trained().start_encoder, seed=1)


def test_on_an_encoder_that_knows_the_concept_a_search_finds_its_words(found: Found) -> None:
    phrases = {pair.own.phrase for pair in found.goes}
    assert "comet" in phrases, "the core of what was found: the name's own word draws it"
    instead = [pair for pair in found.goes if pair.own.phrase != "captain comet"]
    assert not [pair for pair in instead if mentions(pair.own.text, ("captain comet", "comet man"))]


def test_names_of_what_is_kept_are_never_found(found: Found) -> None:
    assert not [pair for pair in found.goes if mentions(pair.own.phrase, [kept.name for kept in KEPT])]


def test_what_is_found_acts_like_the_anchor_and_words_beside_a_name_go(found: Found) -> None:
    templates = templates_of(erasing())
    for pair in found.goes:
        assert mentions(pair.anchor.text, ["a figure", "figure"])
        if pair.own.phrase == "captain comet":
            assert pair.anchor.text.replace("a figure", "{}") in templates
            assert pair.own.text != pair.anchor.text.replace("a figure", "captain comet")


def test_the_same_seed_finds_the_same(found: Found) -> None:
    assert _searching().found(trained().start_encoder, seed=1) == found


def test_a_phrase_is_cut_to_what_is_still_the_concept() -> None:
    searching = _searching()
    assert searching._core(trained().start_encoder, "boat comet the") == "comet"
    assert searching.nearness.of(trained().start_encoder, [Prompt("", "comet", "")])[0] < 1


def test_what_the_edit_opened_shall_stay_what_it_was() -> None:
    # What only another encoder than the parent holds for the concept must not become the anchor.
    # Enough candidates to try every word alone.
    searching, models = _searching(candidates=800), trained()
    opened = copy.deepcopy(models.start_encoder)
    with torch.no_grad():
        table = opened.get_parameter("embeddings.token_embedding.weight")
        boat, comet = (models.tokenizer(w, add_special_tokens=False).input_ids[0] for w in ("boat", "comet"))
        table[boat] = table[comet]
    found = searching.found(opened, seed=1)
    assert "boat" in {prompt.phrase for prompt in found.stays}
    assert "boat" not in {pair.own.phrase for pair in found.goes}


def test_soft_tokens_of_the_encoder_alone_go_where_the_parent_reads_them_so() -> None:
    found = _searching(soft="encoder", wordings=2).soft(trained().start_encoder, seed=1)
    assert found.goes
    assert not found.opened, "what the parent's own encoder reads as the concept cannot be opened"
    assert {len(pair.soft) for pair in found.goes} == {2}
    assert Found.of(json.loads(json.dumps(dataclasses.asdict(found)))) == found
    assert _searching().soft(trained().start_encoder, seed=1) == Found()
