from __future__ import annotations

import pytest

from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.effort import budget

pytestmark = pytest.mark.torch


def test_a_search_screens_as_many_phrases_as_asked_and_yields_what_its_caller_looks_at() -> None:
    spent = budget(Config(candidates=99, greedy=2), judged=7)
    assert (spent.screened, spent.rounds, spent.judged) == (99, 2, 7)
