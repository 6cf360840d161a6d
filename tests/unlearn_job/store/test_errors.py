from __future__ import annotations

import unlearn_job.store.errors as module
from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure

ERRORS = [e for e in vars(module).values() if isinstance(e, type) and issubclass(e, ErasureError)]


def test_every_error_answers_whether_to_retry() -> None:
    for error in ERRORS:
        assert issubclass(error, TemporaryFailure) != issubclass(error, PermanentFailure), error


def test_every_error_has_a_reason_of_its_own() -> None:
    reasons = [error.reason for error in ERRORS]
    assert len(set(reasons)) == len(reasons) == 11
