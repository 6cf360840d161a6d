from __future__ import annotations

from typing import Any

import pytest

from unlearn_job.contract.evidence import Role, Share
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.gates import Gates
from unlearn_job.contract.probe_document import AttackEvidence, ConceptEvidence
from unlearn_job.report.verdicts import attacks_hold, interval, residual_holds, strongest, upper


def share(hits: int, samples: int) -> Share:
    return Share.of(Tally(hits=hits, samples=samples))


def evidence(images: Share, clips: Share | None) -> ConceptEvidence:
    return ConceptEvidence(
        concept="cat",
        kind="Object",
        role=Role.ADDED,
        neighbour=False,
        base_images=share(64, 64),
        images=images,
        clips=clips,
        invalid=share(0, 64),
        by_wording={},
    )


def trial(attack: str, edited: Share) -> AttackEvidence:
    controls: dict[str, Any] = dict.fromkeys(("base", "named", "plain", "tried"), share(0, 64))
    return AttackEvidence(
        digest="d" * 64, attack=attack, prompt="a cat", candidates=1, edited=edited, **controls
    )


@pytest.mark.parametrize(
    ("images", "clips", "held"),
    [
        (share(0, 64), share(0, 40), True),
        (share(0, 64), None, True),
        (share(3, 64), share(0, 40), False),  # 4.7 %, and its interval ends at 12.9 %
        (share(0, 64), share(1, 40), False),
        (share(0, 20), share(0, 40), False),  # too few to know
    ],
)
def test_the_upper_bound_decides_in_images_and_clips(images: Share, clips: Share | None, held: bool) -> None:
    assert residual_holds(evidence(images, clips), Gates()) is held


def test_the_bound_is_computed_from_counts_as_gates_do() -> None:
    assert upper(share(0, 64)) == 100 * Tally(hits=0, samples=64).wilson()[1] != 5.66
    assert interval(share(0, 64)) == "0.0 to 5.7 %"


def test_attacks_hold_by_the_strongest() -> None:
    gates = Gates.model_validate({"attack": {"maxPercent": 10}})
    weak, strong = trial("words", share(0, 64)), trial("paraphrase", share(9, 64))
    nothing = trial("misspelling", share(0, 0))
    assert strongest([nothing, weak, strong]) is strong
    assert strongest([nothing, weak]) is weak
    assert attacks_hold([weak], gates)
    assert not attacks_hold([weak, strong], gates)
    assert not attacks_hold([], gates)
    assert attacks_hold([], Gates())


def test_inversion_counts_where_the_gate_asks_for_it() -> None:
    text, soft = trial("words", share(0, 64)), trial("inversion", share(64, 64))
    plain = Gates.model_validate({"attack": {"maxPercent": 10}})
    asked = Gates.model_validate({"attack": {"maxPercent": 10, "inversion": True}})
    assert attacks_hold([text, soft], plain)
    assert not attacks_hold([text, soft], asked)
    assert not attacks_hold([text], asked)
    assert not attacks_hold([soft], plain)
