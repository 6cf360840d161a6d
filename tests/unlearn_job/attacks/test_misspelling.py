from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import target
from unlearn_job.attacks import Budget
from unlearn_job.attacks.misspelling import Misspelling

pytestmark = pytest.mark.torch


def test_found_texts_are_wrong_and_near() -> None:
    found = Misspelling().search(target(tiny.CAT), Budget(screened=60, judged=20), seed=1)
    assert 0 < len(found) <= 20
    assert not [c for c in found if {"cat", "kitty"} & set(c.prompt.text.split())]
