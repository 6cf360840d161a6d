from __future__ import annotations

import pytest

from unlearn_job.benching.files import ATTACK_FIELDS, CONCEPT_FIELDS, RUN_FIELDS


@pytest.mark.parametrize("fields", [RUN_FIELDS, CONCEPT_FIELDS, ATTACK_FIELDS])
def test_a_column_stands_once(fields: tuple[str, ...]) -> None:
    assert len(fields) == len(set(fields))


def test_every_line_names_its_run() -> None:
    assert {"method", "seed"} <= set(RUN_FIELDS) & set(CONCEPT_FIELDS) & set(ATTACK_FIELDS)
