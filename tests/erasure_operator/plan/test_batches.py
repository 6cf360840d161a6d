from __future__ import annotations

from erasure_operator.plan.batches import LARGEST_BATCH, next_batch
from unlearn_job.contract.base import canonical_digest
from unlearn_job.contract.concept import Concept, Erasure
from unlearn_job.contract.key import release_key


def erasures(count: int) -> list[Erasure]:
    return [
        Erasure(digest=canonical_digest(number), name=f"e{number}", concept=Concept(name=f"c{number}"))
        for number in range(count)
    ]


def key(items: list[Erasure]) -> str:
    return release_key(parent=None, adds=[item.digest for item in items])


def test_all_that_is_missing_is_one_batch() -> None:
    items = erasures(5)
    assert next_batch(items, None, ()) == tuple(items)


def test_a_refused_batch_is_halved_until_a_half_was_not() -> None:
    items = erasures(5)
    assert next_batch(items, None, {key(items)}) == tuple(items[:3])
    assert next_batch(items, None, {key(items), key(items[:3])}) == tuple(items[:2])


def test_the_second_half_follows_when_the_first_is_used_up() -> None:
    items = erasures(2)
    assert next_batch(items, None, {key(items), key(items[:1])}) == (items[1],)


def test_refused_on_another_parent_is_not_refused_here() -> None:
    items = erasures(2)
    assert next_batch(items, "0" * 64, {key(items)}) == tuple(items)


def test_nothing_is_left_when_all_was_refused() -> None:
    items = erasures(1)
    assert next_batch(items, None, {key(items)}) == ()
    assert next_batch([], None, ()) == ()


def test_a_batch_fits_into_a_document() -> None:
    assert len(next_batch(erasures(LARGEST_BATCH + 1), None, ())) == LARGEST_BATCH


def test_one_bad_erasure_among_many_costs_a_logarithm_of_jobs() -> None:
    missing, bad, refused, jobs, parent = erasures(64), erasures(64)[37], set[str](), 0, None
    while batch := next_batch(missing, parent, refused):
        jobs += 1
        made = release_key(parent=parent, adds=[item.digest for item in batch])
        if bad not in batch:
            parent, missing = made, [item for item in missing if item not in batch]
        elif len(batch) == 1:
            missing = [item for item in missing if item != bad]
        else:
            refused.add(made)
    assert missing == []
    assert jobs <= 3 * 7
