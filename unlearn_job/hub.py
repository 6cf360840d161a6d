"""The Hugging Face Hub: listing and downloading a pinned commit, with its errors mapped once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure
from unlearn_job.store import Entry

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

_TIMEOUT_SECONDS: Final = 30
_WORKERS: Final = 4


class HubRefusesError(PermanentFailure):
    """There is no such repository or commit, or it takes a token that is not there."""

    reason = "SourceMissing"


class HubUnavailableError(TemporaryFailure):
    """The Hub cannot be reached, or cannot answer now."""

    reason = "SourceUnavailable"


def list_repository(repository: str, revision: str) -> tuple[Entry, ...]:
    """Return the files of a model repository at a commit.

    Parameters
    ----------
    repository
        `org/name`.
    revision
        Commit, 40 hexadecimal digits.

    Raises
    ------
    HubRefusesError
        No such repository or commit, or no right to read it.
    HubUnavailableError
        The Hub does not answer.

    """
    with hub_errors(repository, revision):
        from huggingface_hub import HfApi  # noqa: PLC0415 (0.5 s that other sources need not wait)

        info: ModelInfo = HfApi(endpoint=_endpoint()).model_info(
            repository, revision=revision, files_metadata=True, timeout=_TIMEOUT_SECONDS
        )
        return tuple(
            Entry(file.rfilename, file.size or 0, file.blob_id or "") for file in info.siblings or ()
        )


def download_snapshot(repository: str, revision: str, names: list[str], to: Path) -> None:
    """Download named files of a commit into a folder.

    Raises
    ------
    HubRefusesError, HubUnavailableError
        As `list_repository`.

    """
    with hub_errors(repository, revision):
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        snapshot_download(
            repository,
            revision=revision,
            allow_patterns=names,
            local_dir=to,
            etag_timeout=_TIMEOUT_SECONDS,
            max_workers=_WORKERS,
            endpoint=_endpoint(),
        )


@contextmanager
def hub_errors(repository: str, revision: str) -> Iterator[None]:
    """Translate what huggingface_hub and its HTTP library raise inside."""
    from huggingface_hub import errors  # noqa: PLC0415

    # The root of its HTTP library's errors, whichever that is: versions 1 and 2 have different ones.
    http_error: type[Exception] = errors.HfHubHTTPError.__bases__[0]
    where = f"hf://{repository}@{revision[:10]}"
    try:
        yield
    except errors.GatedRepoError as exc:
        raise HubRefusesError(f"{where} is gated: accept its terms and give the Job HF_TOKEN") from exc
    except errors.RevisionNotFoundError as exc:
        raise HubRefusesError(f"{where}: the repository has no such commit") from exc
    except (errors.RepositoryNotFoundError, errors.DisabledRepoError, errors.HFValidationError) as exc:
        raise HubRefusesError(
            f"{where}: no such repository, or it is private and HF_TOKEN is not set"
        ) from exc
    except errors.HfHubHTTPError as exc:
        raise _from_status(exc, where) from exc
    except (errors.EntryNotFoundError, http_error, OSError, errors.XetDownloadError) as exc:
        raise HubUnavailableError(
            f"{where} cannot be reached ({type(exc).__name__}); check the network of the Job, or mirror the "
            "model to s3:// or a volume",
            retry_after=timedelta(minutes=1),
        ) from exc


def _endpoint() -> str | None:
    """Return the address of a mirror. huggingface_hub reads it only once, when it loads."""
    return os.environ.get("HF_ENDPOINT")


def _from_status(error: Exception, where: str) -> ErasureError:
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status in {401, 403}:
        return HubRefusesError(f"{where} refuses with {status}; check HF_TOKEN")
    return HubUnavailableError(f"{where} answers {status or type(error).__name__}")
