"""Names that other parties see keep the forms that they demand."""

from __future__ import annotations

import re

from erasure_operator.api import constants
from erasure_operator.api.constants import Reason


def test_reasons_are_camel_case_words_as_metav1_demands() -> None:
    assert all(re.fullmatch(r"[A-Z][A-Za-z]{1,40}", reason) for reason in Reason)


def test_labels_and_annotations_carry_the_group() -> None:
    names = [value for name, value in vars(constants).items() if name.endswith(("_LABEL", "_ANNOTATION"))]
    assert names
    assert all(name.startswith("concept-erasure.io/") for name in names)
