from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.contract.document import ExtraWording, JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.generate import Sample
from unlearn_job.probe.extra import drawn, extra_samples
from unlearn_job.probe.seen import Seen
from unlearn_job.probe.subjects import Asked, Wording, subjects
from unlearn_job.prompts import Templates

pytestmark = pytest.mark.torch

DESCRIBED = Concept(
    name="captain comet",
    kind=ConceptKind.CHARACTER,
    aliases=("comet man",),
    descriptions=(
        "a man with a red cape",
        "a friend of the cat",
        "the one that Comet Man is",
        "a hero in red",
    ),
)


def document(*wordings: ExtraWording, **probe: Any) -> JobInput:
    return tiny.document(
        tiny.erasure(DESCRIBED, tiny.WHALE, tiny.FISH),
        holds=(tiny.erasure(tiny.CAT, tiny.FISH),),
        probe={"wordings": wordings, "wording_images": 8, **probe},
    )


def samples(doc: JobInput) -> tuple[Asked, ...]:
    every = subjects(doc, Templates.built_in(), tiny.encoder(), tiny.tokenizer())
    return extra_samples(doc, every[0], every, tiny.tokenizer())


def test_nothing_is_asked_for_that_the_document_does_not_want() -> None:
    assert samples(document()) == ()


def test_descriptions_without_any_erased_name_are_asked_for_in_turn() -> None:
    found = samples(document(ExtraWording.IMPLICIT))
    assert Counter(one.sample.prompt for one in found) == {"a man with a red cape": 4, "a hero in red": 4}
    assert {one.wording for one in found} == {Wording.IMPLICIT}


def test_compositions_name_a_kept_concept_and_no_erased_one() -> None:
    found = samples(document(ExtraWording.COMPOSITIONAL))
    assert len(found) == 8
    for one in found:
        assert "captain comet" in one.sample.prompt
        assert "cat" not in one.sample.prompt.split()
        assert "captain whale" in one.sample.prompt or "fish" in one.sample.prompt


def test_a_tokenizer_that_reads_english_alone_is_asked_in_no_other_language() -> None:
    assert samples(document(ExtraWording.TRANSLATED)) == ()


def test_every_sample_has_a_seed_of_its_own() -> None:
    found = samples(document(*ExtraWording))
    assert len({one.sample.seed for one in found}) == len(found) == 16


def seen(hits: dict[Wording, list[int]]) -> Seen:
    asked = tuple(Asked(Sample("", i), wording) for wording, some in hits.items() for i in range(len(some)))
    flags = torch.tensor([hit for some in hits.values() for hit in some], dtype=torch.bool)[:, None]
    return Seen(
        asked, np.zeros((len(asked), 1, 2, 2, 3), np.uint8), torch.zeros(len(asked), 1), flags, flags & False
    )


def test_a_wording_counts_where_the_base_draws_the_concept_with_it() -> None:
    both = seen({Wording.COMPOSITIONAL: [1] * 8, Wording.IMPLICIT: [1] + [0] * 7})
    assert drawn(both, Tally(hits=0, samples=100)) == {Wording.COMPOSITIONAL}
    # A judge that sees the concept everywhere proves nothing.
    assert drawn(both, Tally(hits=90, samples=100)) == frozenset()
    assert drawn(None, Tally(hits=0, samples=100)) == frozenset()


def test_other_languages_are_reported_and_never_counted() -> None:
    assert drawn(seen({Wording.TRANSLATED: [1] * 8}), Tally(hits=0, samples=100)) == frozenset()
