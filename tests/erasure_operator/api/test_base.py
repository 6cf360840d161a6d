"""Objects are read leniently and written without what is unset."""

from __future__ import annotations

from copy import deepcopy

import pytest
from pydantic import ValidationError

from erasure_operator.api.concept_erasure import ConceptErasure
from tests.erasure_operator.api.conftest import CONCEPT_ERASURE


def test_fields_of_a_newer_version_are_ignored_at_every_depth() -> None:
    newer = deepcopy(CONCEPT_ERASURE)
    newer["spec"]["concept"]["colour"] = "red"
    newer["metadata"]["managedFields"] = []
    assert ConceptErasure.from_object(newer) == ConceptErasure.from_object(CONCEPT_ERASURE)


def test_an_object_of_another_schema_is_refused() -> None:
    with pytest.raises(ValidationError):
        ConceptErasure.from_object({"metadata": {"name": "takedown"}, "spec": {}})


def test_what_is_unset_is_not_written() -> None:
    written = ConceptErasure.from_object(CONCEPT_ERASURE).spec.to_dict()
    assert "reference" not in written
    assert written["videoModel"] == "storyboard"
