"""Methods that are told of few prompts, for tests that are not about what those achieve."""

from __future__ import annotations

import pytest

from unlearn_job import variations
from unlearn_job.attacks.protocol import Budget
from unlearn_job.negatives import Negatives


def make_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make few variations of a name, and few hard negatives whatever is asked for."""
    search = Budget(screened=24, rounds=1, beam=2, proposals=4, judged=4)
    for name, value in {"BESIDE": 8, "INSTEAD": 16, "UNNAMED": search}.items():
        monkeypatch.setattr(variations, name, value)
    of = Negatives.of
    monkeypatch.setattr(
        Negatives, "of", lambda self, erasing, count, *more: of(self, erasing, min(count, 48), *more)
    )
