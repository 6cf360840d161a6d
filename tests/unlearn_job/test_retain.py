from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import tokenise
from unlearn_job.prompts import Prompt, Templates, fill, mentions
from unlearn_job.retain import (
    Reading,
    as_batch,
    as_sequences,
    batches,
    held_prompts,
    kept_concepts,
    retain_prompts,
)

pytestmark = pytest.mark.torch


def test_erased_and_holdout_concepts_never_enter_the_retain_set() -> None:
    doc = tiny.document(
        tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH, KeptConcept(name="Cat")),
        holds=(tiny.erasure(tiny.CAT, tiny.FISH, tiny.MOSAIC),),
        holdout=(tiny.WHALE,),
    )
    assert [kept.name for kept in kept_concepts(doc)] == ["fish", "mosaic"]


def test_no_retain_prompt_mentions_an_erased_name() -> None:
    templates = Templates(
        {**Templates.built_in().by_kind, ConceptKind.STYLE: ("a kitty in {} style", "{} art")}
    )
    doc = tiny.document(tiny.erasure(tiny.CAT, tiny.MOSAIC))
    texts = [prompt.text for prompt in retain_prompts(doc, templates, kept_concepts(doc), ())]
    assert "mosaic art" in texts
    assert not any(mentions(text, ("cat", "kitty")) for text in texts)


def test_the_empty_prompt_is_retained() -> None:
    doc = tiny.document(tiny.erasure(tiny.CAT))
    assert "" in [prompt.text for prompt in retain_prompts(doc, Templates.built_in(), (), ())]


def test_anchors_are_retained() -> None:
    doc = tiny.document(tiny.erasure(tiny.CAT))
    anchors = [("a ghost", ConceptKind.OBJECT)]
    texts = [prompt.text for prompt in retain_prompts(doc, Templates.built_in(), (), anchors)]
    assert "a photo of a ghost" in texts


def test_held_erasures_are_held_by_all_their_names() -> None:
    doc = tiny.document(tiny.erasure(tiny.COMET), holds=(tiny.erasure(tiny.CAT),))
    phrases = {prompt.phrase for prompt in held_prompts(doc, Templates.built_in())}
    assert phrases == {"cat", "kitty"}


def test_patches_replace_embeddings_and_first_limits_the_rows() -> None:
    table = token_table(tiny.encoder()).weight
    tokens = tokenise(tiny.tokenizer(), fill("a photo of a {}", "cat", ConceptKind.OBJECT))
    patched = Reading(tokens, {tokens.start: torch.ones(tiny.WIDTH)}, first=tokens.start)
    batch = as_batch([patched, Reading(tokens)], table)
    assert torch.equal(batch.embeddings[0, tokens.start], torch.ones(tiny.WIDTH))
    assert torch.equal(batch.embeddings[1], table[batch.ids[1]])
    assert int(batch.counts[0].sum()) == len(tokens.ids) - tokens.start
    assert bool(batch.counts[1].all())


def test_batches_hold_every_reading_once() -> None:
    readings = as_sequences(tiny.tokenizer(), [Prompt(word, "", "") for word in ("cat", "fish", "tree")])
    sizes = [len(batch.ids) for batch in batches(readings, token_table(tiny.encoder()).weight, 2)]
    assert sizes == [2, 1]


def test_scenes_and_actions_have_templates_where_a_document_has_such_a_concept() -> None:
    plain = tiny.document(tiny.erasure(tiny.COMET, tiny.FISH))
    assert Templates.of(plain).kinds == tuple(ConceptKind)[:4]
    meadow = KeptConcept(name="meadow", kind=ConceptKind.SCENE)
    for doc in (
        tiny.document(tiny.erasure(tiny.COMET, meadow)),
        tiny.document(tiny.erasure(Concept(name="meadow", kind=ConceptKind.SCENE))),
        tiny.document(tiny.erasure(tiny.COMET), holdout=(meadow,)),
    ):
        assert set(Templates.of(doc).kinds) == {*tuple(ConceptKind)[:4], ConceptKind.SCENE}
