"""What one Job adds to its parent: everything that is missing, or half of what failed together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.key import release_key

LARGEST_BATCH = 256
"""The bound of `JobInput.adds`."""


def next_batch(
    missing: Sequence[Erasure], parent: str | None, refused: Collection[str]
) -> tuple[Erasure, ...]:
    """Choose the erasures for the next Job on this parent.

    A batch that was refused is halved until a half is found that was not; a single one that was refused is
    not among the missing (`Catalogue.failed_alone`). So k bad erasures among n cost O(k log n) Jobs, and when
    they are known the rest is built at once.

    Parameters
    ----------
    missing
        Erasures of the wanted set that the parent lacks, oldest first.
    parent
        Key of the parent; None for the base encoder.
    refused
        Keys of the releases that failed.

    Returns
    -------
    tuple of Erasure
        Empty when nothing is left to try.

    """
    batch = tuple(missing[:LARGEST_BATCH])
    if not batch or release_key(parent=parent, adds=[item.digest for item in batch]) not in refused:
        return batch
    if len(batch) == 1:
        return ()
    middle = (len(batch) + 1) // 2
    return next_batch(batch[:middle], parent, refused) or next_batch(batch[middle:], parent, refused)
