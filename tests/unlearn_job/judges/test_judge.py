from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.judges.judge import Featured, same_axis

pytestmark = pytest.mark.torch


def test_styles_exclude_styles_and_subjects_exclude_subjects() -> None:
    assert same_axis(ConceptKind.STYLE, ConceptKind.STYLE)
    assert same_axis(ConceptKind.OBJECT, ConceptKind.PERSON)
    assert not same_axis(ConceptKind.OBJECT, ConceptKind.STYLE)


@pytest.mark.parametrize("kind", [ConceptKind.SCENE, ConceptKind.ACTION])
def test_scenes_and_actions_exclude_their_like_alone(kind: ConceptKind) -> None:
    assert [other for other in ConceptKind if same_axis(kind, other)] == [kind]


def test_a_judge_need_not_have_features() -> None:
    assert not isinstance(tiny.Eyes(), Featured)
