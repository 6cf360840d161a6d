from __future__ import annotations

import pytest

from unlearn_job.contract.document import ExtraWording
from unlearn_job.contract.evidence import Role, Share, Wording
from unlearn_job.contract.figures import Tally


def test_a_share_has_the_rate_and_the_interval_of_its_count() -> None:
    found = Share.of(Tally(hits=0, samples=64)).model_dump(by_alias=True)
    assert found == {"hits": 0, "samples": 64, "rate": 0.0, "wilson95": (0.0, 0.0566)}


def test_what_is_added_or_held_is_erased() -> None:
    assert [role.erased for role in Role] == [True, True, False, False]


@pytest.mark.parametrize("wording", ExtraWording)
def test_every_wording_that_can_be_asked_for_has_a_word_in_the_evidence(wording: ExtraWording) -> None:
    assert Wording(wording.value.lower())
