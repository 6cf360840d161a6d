from __future__ import annotations

import json
from datetime import timedelta

import aiohttp
import pytest
from kubernetes.aio.client.exceptions import ApiException, ApiTypeError

from erasure_operator import k8s_errors
from erasure_operator.k8s_errors import (
    AccessDeniedError,
    ApiUnavailableError,
    FieldConflictError,
    ObjectExistsError,
    ObjectMissingError,
    RejectedObjectError,
    StaleObjectError,
    kubernetes_errors,
)
from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure


def answer(status: int, message: str = "no", **fields: object) -> ApiException:
    return ApiException(status=status, reason="Reason", body=json.dumps({"message": message, **fields}))


CONFLICT = {
    "causes": [
        {"reason": "FieldManagerConflict", "message": "conflict with kubectl", "field": ".spec.replicas"},
        {"reason": "FieldManagerConflict", "message": "conflict with kubectl", "field": ".spec.paused"},
    ]
}

CASES = [
    (answer(400), RejectedObjectError),
    (answer(401), AccessDeniedError),
    (answer(403), AccessDeniedError),
    (answer(403, "exceeded quota: pods"), ApiUnavailableError),
    (answer(403, "unable to create: namespace media is being terminated"), ApiUnavailableError),
    (answer(404), ObjectMissingError),
    (answer(409), StaleObjectError),
    (answer(409, reason="AlreadyExists"), ObjectExistsError),
    (answer(409, details=CONFLICT), FieldConflictError),
    (answer(422), RejectedObjectError),
    (answer(429), ApiUnavailableError),
    (answer(500), ApiUnavailableError),
    (answer(500, "failed to create typed patch object (...): field not declared"), RejectedObjectError),
    (answer(503), ApiUnavailableError),
    (ApiException(status=502, reason="Bad Gateway", body="<html>"), ApiUnavailableError),
    (ApiException(status=0), ApiUnavailableError),
    (ApiTypeError("wrong argument"), RejectedObjectError),
    (aiohttp.ClientConnectionError("refused"), ApiUnavailableError),
    (TimeoutError(), ApiUnavailableError),
    (ConnectionResetError(), ApiUnavailableError),
]


@pytest.mark.parametrize(("raised", "expected"), CASES, ids=lambda value: repr(value)[:60])
def test_every_answer_has_its_error(raised: Exception, expected: type[ErasureError]) -> None:
    with (
        pytest.raises(expected, match=r"^cannot apply Job media/a: "),
        kubernetes_errors("apply Job media/a"),
    ):
        raise raised


def test_errors_of_the_project_pass_through() -> None:
    with pytest.raises(StaleObjectError, match=r"^as it is$"), kubernetes_errors("do it"):
        raise StaleObjectError("as it is")


def test_a_defect_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), kubernetes_errors("do it"):
        raise ZeroDivisionError


def test_a_conflict_knows_its_fields() -> None:
    with pytest.raises(FieldConflictError) as caught, kubernetes_errors("apply Deployment media/a"):
        raise answer(409, details=CONFLICT)
    assert caught.value.fields == (".spec.replicas", ".spec.paused")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("86400", 300), ("soon", 10), ("0", 1)])
def test_the_servers_wish_to_wait_is_obeyed_within_bounds(header: str, seconds: int) -> None:
    busy = answer(429)
    busy.headers = {"Retry-After": header}
    with pytest.raises(ApiUnavailableError) as caught, kubernetes_errors("do it"):
        raise busy
    assert caught.value.retry_after == timedelta(seconds=seconds)


def test_every_error_is_temporary_or_permanent() -> None:
    own = [
        value
        for value in vars(k8s_errors).values()
        if isinstance(value, type)
        and issubclass(value, ErasureError)
        and value.__module__ == k8s_errors.__name__
    ]
    assert len(own) == 7
    assert all(issubclass(value, TemporaryFailure) != issubclass(value, PermanentFailure) for value in own)
    assert len({value.reason for value in own}) == len(own)
