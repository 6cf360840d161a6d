"""The one place that maps what the Kubernetes client raises to the project's error tree.

A caller has one question: again later, or must somebody change something? The client answers with HTTP status
codes and with the errors of the HTTP library below it, so the mapping lives here and nowhere else. Messages
repeat the API server's sentence, which names fields and never holds credentials; headers are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import aiohttp
from kubernetes.aio.client.exceptions import ApiException, OpenApiException

from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure

_LONGEST_WAIT = timedelta(minutes=5)


class ApiUnavailableError(TemporaryFailure):
    """The API server does not answer, or answers that it cannot now."""

    reason = "ApiUnavailable"


class StaleObjectError(TemporaryFailure):
    """The object changed, or is being made or removed, since we looked."""

    reason = "StaleObject"


class ObjectMissingError(TemporaryFailure):
    """The object, its namespace or its kind is not there: it may come, and then an event wakes us."""

    reason = "ObjectMissing"


class AccessDeniedError(PermanentFailure):
    """The operator's ServiceAccount may not do this."""

    reason = "AccessDenied"


class ObjectExistsError(TemporaryFailure):
    """An object of that name is there already."""

    reason = "ObjectExists"


class FieldConflictError(PermanentFailure):
    """Another field manager owns a field that we would have to set."""

    reason = "FieldConflict"

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields
        """Paths of the fields, such as `.spec.replicas`."""


class RejectedObjectError(PermanentFailure):
    """The API server or an admission policy refuses the object."""

    reason = "Rejected"


@contextmanager
def kubernetes_errors(what: str) -> Iterator[None]:
    """Translate whatever the client raises inside.

    Parameters
    ----------
    what
        What is being done, with the object's name, such as "apply Job media/storyboard-0123456789".

    """
    try:
        yield
    except ErasureError:
        raise
    except ApiException as exc:
        raise from_api_exception(exc, what) from exc
    except OpenApiException as exc:
        raise RejectedObjectError(f"cannot {what}: the client refuses the request ({exc})") from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise ApiUnavailableError(
            f"cannot {what}: no answer from the API server ({type(exc).__name__})"
        ) from exc


def from_api_exception(exc: ApiException, what: str) -> ErasureError:  # noqa: PLR0911  (a table)
    """Map an answer of the API server."""
    status = int(exc.status or 0)
    answer = _status_object(exc)
    sentence = str(answer.get("message") or exc.reason or status)
    cannot = f"cannot {what}: {sentence}"
    match status:
        case 409 if fields := _conflicting_fields(answer):
            return FieldConflictError(cannot, fields=fields)
        case 409 if answer.get("reason") == "AlreadyExists":
            return ObjectExistsError(cannot)
        case 409:
            return StaleObjectError(cannot, retry_after=timedelta(seconds=1))
        case 403 if "is being terminated" in sentence or "exceeded quota" in sentence:
            return ApiUnavailableError(cannot, retry_after=timedelta(seconds=30))
        case 401 | 403:
            return AccessDeniedError(cannot)
        case 404:
            return ObjectMissingError(cannot)
        case 408 | 429:
            return ApiUnavailableError(cannot, retry_after=_retry_after(exc))
        case 0:
            return ApiUnavailableError(cannot)
        case 500 if "failed to create typed patch object" in sentence:
            # What the API server answers to an unknown field in a server-side apply.
            return RejectedObjectError(cannot)
        case _ if status >= 500:
            return ApiUnavailableError(cannot, retry_after=_retry_after(exc))
        case _:
            return RejectedObjectError(cannot)


def _status_object(exc: ApiException) -> dict[str, object]:
    """Parse the metav1.Status of an answer; empty where a proxy answered with something else."""
    try:
        parsed = json.loads(exc.body or "")
    except (ValueError, TypeError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _conflicting_fields(answer: dict[str, object]) -> tuple[str, ...]:
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return tuple(
        str(cause.get("field", ""))
        for cause in causes or ()
        if isinstance(cause, dict) and cause.get("reason") == "FieldManagerConflict"
    )


def _retry_after(exc: ApiException) -> timedelta:
    header = exc.headers.get("Retry-After", "") if exc.headers else ""
    seconds = int(header) if header.isdigit() else 10
    return min(timedelta(seconds=max(seconds, 1)), _LONGEST_WAIT)
