from __future__ import annotations

import pytest

from unlearn_job.contract.concept import ConceptKind
from unlearn_job.judges.judge import same_axis

pytestmark = pytest.mark.torch


def test_styles_exclude_styles_and_subjects_exclude_subjects() -> None:
    assert same_axis(ConceptKind.STYLE, ConceptKind.STYLE)
    assert same_axis(ConceptKind.OBJECT, ConceptKind.PERSON)
    assert not same_axis(ConceptKind.OBJECT, ConceptKind.STYLE)
