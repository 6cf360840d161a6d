from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unlearn_job.attacks.targets import SMALL, target
from unlearn_job.attacks import Budget, Candidate, Target, attempt
from unlearn_job.attacks.trial import _candidates, hits, shown_by_base
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch


@dataclasses.dataclass(frozen=True)
class Given:
    """An attack that proposes what a test gives it."""

    candidates: tuple[Candidate, ...]
    name: str = "given"
    names_concept: bool = False
    joint: bool = False

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:  # noqa: ARG002
        return self.candidates


TWO = (Candidate(Prompt("", "red boat", ""), 0.1), Candidate(Prompt("", "green star", ""), 0.2))


def test_of_several_encoders_each_is_searched_and_candidates_come_in_turns() -> None:
    one = target()
    part = dataclasses.replace(one.models, encoder_name="text_encoder_2")
    pair = dataclasses.replace(
        one,
        models=dataclasses.replace(one.models, beside=(part,)),
        beside={"text_encoder_2": one.models.base_encoder},
    )

    @dataclasses.dataclass(frozen=True)
    class Named:
        """An attack that proposes what the encoder is called, and one prompt for all."""

        name: str = "named"
        names_concept: bool = False
        joint: bool = False

        def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:  # noqa: ARG002
            own = Candidate(Prompt("", target.models.encoder_name, ""), 0.1)
            return [own, Candidate(Prompt("", "boat", ""), 0.2)]

    found = _candidates(Named(), pair, SMALL, 1)
    assert [c.prompt.text for c in found] == ["text_encoder", "text_encoder_2", "boat"]


def test_counts_have_the_sizes_of_the_budget() -> None:
    outcome = attempt(Given(TWO), target(), SMALL, seed=1)
    assert outcome.candidates == 2
    assert outcome.tried.samples == 2 * SMALL.looks
    assert outcome.edited.samples == outcome.base.samples == SMALL.fresh
    assert outcome.named.samples == outcome.plain.samples == SMALL.fresh // 2
    assert outcome.prompt in {c.prompt.text for c in TWO}


def test_the_same_seed_gives_the_same_outcome() -> None:
    assert attempt(Given(TWO), target(), SMALL, 1) == attempt(Given(TWO), target(), SMALL, 1)


def test_ties_go_to_the_more_promising() -> None:
    blind = target(threshold=1e9)
    assert attempt(Given(TWO), blind, SMALL, 1).prompt == "red boat"


def test_hits_are_what_the_judge_sees_and_those_that_the_base_does_not_draw_are_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from unlearn_job.attacks import trial

    attacked = target()
    drawn = {(attacked.edited, "red boat"), (attacked.edited, "green star"), (attacked.base, "green star")}
    monkeypatch.setattr(
        trial, "shown", lambda _, encoder, shots: [(encoder, c.prompt.text) in drawn for c, _ in shots]
    )
    found = hits(Given((*TWO, Candidate(Prompt("", "fish", ""), 0.3))), attacked, SMALL, 1)
    assert [(hit.prompt.text, hit.opened) for hit in found] == [("red boat", True), ("green star", False)]


def test_the_base_is_asked_for_each_prompt_with_a_seed_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from unlearn_job.attacks import trial

    attacked, seeds = target(), []

    def drawn(_: Target, encoder: Any, shots: Sequence[tuple[Candidate, int]]) -> list[bool]:
        seeds.extend(seed for _, seed in shots)
        return [encoder is attacked.base and "star" in c.prompt.text for c, _ in shots]

    monkeypatch.setattr(trial, "shown", drawn)
    assert shown_by_base(attacked, [c.prompt for c in TWO], 1) == (False, True)
    assert len(set(seeds)) == 2
    assert shown_by_base(attacked, [], 1) == ()


def test_an_attack_without_candidates_has_no_success() -> None:
    outcome = attempt(Given(()), target(), SMALL, 1)
    assert outcome.prompt == ""
    assert outcome.edited.samples == outcome.candidates == 0
    assert outcome.named.samples > 0


def test_success_is_counted_on_other_images_than_those_that_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    from unlearn_job.attacks import trial

    seeds: list[set[int]] = []
    draw = trial.shown

    def watched(victim: Target, encoder: Any, shots: Any) -> list[bool]:
        seeds.append({seed for _, seed in shots})
        return draw(victim, encoder, shots)

    monkeypatch.setattr(trial, "shown", watched)
    attempt(Given(TWO), target(), SMALL, 1)
    _, _, looks, selection, edited, base = seeds
    assert edited == base
    assert not edited & (looks | selection)
