"""Everything a store raises: permanent where somebody must act, temporary where waiting may help."""

from __future__ import annotations

from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure


class AccessDeniedError(PermanentFailure):
    """The credentials are known and may not do this."""

    reason = "StorageAccessDenied"


class CredentialsError(PermanentFailure):
    """There are no credentials, or the storage does not accept them."""

    reason = "StorageCredentialsInvalid"


class BucketMissingError(PermanentFailure):
    """There is no such bucket."""

    reason = "StorageBucketMissing"


class NotFoundError(PermanentFailure):
    """There is no such object."""

    reason = "StorageObjectMissing"


class AlreadyExistsError(PermanentFailure):
    """An object that may be written only once is there."""

    reason = "StorageObjectExists"


class BadNameError(PermanentFailure):
    """A name that would leave the store's folder."""

    reason = "StorageNameInvalid"


class StorageMisconfiguredError(PermanentFailure):
    """Region, endpoint, TLS, path or a feature does not fit."""

    reason = "StorageMisconfigured"


class StorageFullError(TemporaryFailure):
    """No space, or a quota is used up."""

    reason = "StorageFull"


class StorageUnavailableError(TemporaryFailure):
    """The storage does not answer, or answers that it cannot now."""

    reason = "StorageUnavailable"
