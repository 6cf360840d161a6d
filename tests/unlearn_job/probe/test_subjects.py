from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import SMALL
from unlearn_job.attacking import outcomes
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.discovery import discover
from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import Judge, UnknownConceptError
from unlearn_job.models import Models
from unlearn_job.probe import identify
from unlearn_job.probe.subjects import Role, Subject, Wording, alternatives, asked, neighbours, subjects
from unlearn_job.prompts import Templates

pytestmark = pytest.mark.torch

TEMPLATES = Templates.built_in()
LANTERN = KeptConcept(name="lady lantern", kind=ConceptKind.CHARACTER)
DOCTOR = KeptConcept(name="doctor lantern", kind=ConceptKind.CHARACTER)
DOC = tiny.document(
    tiny.erasure(tiny.COMET, tiny.WHALE, tiny.MOSAIC),
    holds=(tiny.erasure(tiny.CAT, tiny.FISH),),
    holdout=(LANTERN, KeptConcept(name="kitty")),
)


def _every() -> tuple[Subject, ...]:
    return subjects(DOC, TEMPLATES, tiny.encoder(), tiny.tokenizer())


def test_every_concept_of_the_release_is_probed_in_its_role() -> None:
    found = [(s.concept.name, s.role) for s in _every()]
    assert found == [
        ("captain comet", Role.ADDED),
        ("cat", Role.HELD),
        ("captain whale", Role.PRESERVED),
        ("mosaic", Role.PRESERVED),
        ("fish", Role.PRESERVED),
        ("lady lantern", Role.HOLDOUT),
    ]
    assert [s.role.erased for s in _every()] == [True, True, False, False, False, False]


class Stranger(tiny.Eyes):
    """Knows all but one, and must not be shown a picture before it has said so."""

    def check(self, concept: KeptConcept) -> None:
        if concept == LANTERN:
            raise UnknownConceptError(concept.name)

    def look(self, images: Pixels) -> torch.Tensor:
        raise AssertionError(f"{len(images)} pictures were drawn")


def attack(models: Models, judge: Judge, doc: JobInput) -> None:
    list(outcomes(models, models.base, judge, doc, ("words",), budget=SMALL))


@pytest.mark.parametrize("step", [discover, identify, attack])
def test_what_a_judge_does_not_know_is_found_before_anything_is_drawn(step: Any) -> None:
    with pytest.raises(UnknownConceptError, match="lady lantern"):
        step(tiny.models(), Stranger(), DOC)


def test_who_shares_a_word_is_a_neighbour_however_far_its_states_are() -> None:
    man = KeptConcept(name="mister man", kind=ConceptKind.PERSON)
    near = neighbours([tiny.COMET], [tiny.WHALE, man, tiny.FISH], TEMPLATES, tiny.encoder(), tiny.tokenizer())
    assert near == {"captain whale", "mister man"}  # "comet man" is an alias


def test_of_the_same_kind_only_the_nearest_are_neighbours() -> None:
    kept = [KeptConcept(name=name) for name in ("fish", "house", "tree", "boat")]
    near = neighbours([tiny.CAT], kept, TEMPLATES, tiny.encoder(), tiny.tokenizer())
    assert len(near) == 2


def test_samples_ask_by_name_alias_and_paraphrase_and_by_name_most() -> None:
    subject = _every()[0]
    samples = asked(DOC, TEMPLATES, subject, 60, "images")
    assert len(samples) == 60
    counts = Counter(a.wording for a in samples)
    assert counts[Wording.NAME] == 30
    assert set(counts) == {Wording.NAME, Wording.ALIAS, Wording.PARAPHRASE}
    assert len({a.sample.seed for a in samples}) == 60
    held_back = {
        t.replace("{}", n)
        for t in TEMPLATES.paraphrases(ConceptKind.CHARACTER)
        for n in ("captain comet", "comet man")
    }
    assert {a.sample.prompt for a in samples if a.wording is Wording.PARAPHRASE} <= held_back
    assert len({a.sample.prompt for a in samples}) > 20


def test_a_shorter_probe_is_the_beginning_of_a_longer_one() -> None:
    subject = _every()[0]
    assert asked(DOC, TEMPLATES, subject, 9, "images") == asked(DOC, TEMPLATES, subject, 20, "images")[:9]


def test_clips_and_images_have_seeds_of_their_own() -> None:
    subject = _every()[0]
    seeds = [{a.sample.seed for a in asked(DOC, TEMPLATES, subject, 8, p)} for p in ("images", "clips")]
    assert not seeds[0] & seeds[1]


def test_no_prompt_of_a_kept_concept_mentions_an_erased_one() -> None:
    templates = Templates(
        {**TEMPLATES.by_kind, ConceptKind.STYLE: ("a cat in {} style", "a fish in {} style")}
    )
    mosaic = next(s for s in _every() if s.concept.name == "mosaic")
    assert {a.sample.prompt for a in asked(DOC, templates, mosaic, 6, "images")} == {"a fish in mosaic style"}
    only = Templates({**TEMPLATES.by_kind, ConceptKind.STYLE: ("a cat in {} style",)})
    assert asked(DOC, only, mosaic, 6, "images") == ()


def test_a_zero_shot_judge_compares_with_anchors_too() -> None:
    names = [concept.name for concept in alternatives(DOC, _every())]
    assert "a figure" in names
    assert len(set(names)) == len(names) == 7
