"""One pass over one VideoModel: observe, plan, apply."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from erasure_operator.apply import Applier
from erasure_operator.metrics import Metrics
from erasure_operator.observe import erasures_of, find_model, observe
from erasure_operator.plan.desired import Methods
from erasure_operator.plan.plan import plan, plan_orphan
from erasure_operator.resources import ModelKey
from erasure_operator.store import Store
from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure

log = structlog.get_logger()

_RESTLESS_AFTER: Final = 20
"""Passes in a row that all changed something: more than any real sequence of steps."""
_RESTLESS_DELAY: Final = timedelta(seconds=10)


def utc_now() -> datetime:
    """Return the time in whole seconds, as the API server stores it."""
    return datetime.now(UTC).replace(microsecond=0)


class Reconciler:
    """What the queue calls with a key.

    Parameters
    ----------
    store
        What the cluster looks like.
    applier
        What writes to it.
    metrics
        What counts.
    methods
        The methods that a VideoModel may name.
    clock
        Read once per pass.

    """

    def __init__(
        self,
        store: Store,
        applier: Applier,
        metrics: Metrics,
        *,
        methods: Methods,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._methods = methods
        self._store = store
        self._applier = applier
        self._metrics = metrics
        self._clock = clock
        self._changes_in_a_row: dict[ModelKey, int] = {}

    async def __call__(self, key: ModelKey) -> timedelta | None:
        """Bring a VideoModel one step nearer to what is wanted.

        Returns
        -------
        timedelta or None
            When to look again: at once after a pass that changed something, because answers of our own writes
            wake nobody; at the plan's time otherwise; None to wait for a change.

        Raises
        ------
        ErasureError
            What stopped the pass.

        """
        started = time.perf_counter()
        outcome = "defect"
        try:
            delay = await self._pass(key)
            outcome = "changed" if delay == timedelta(0) else "settled"
            return delay
        except TemporaryFailure:
            outcome = "temporary"
            raise
        except PermanentFailure:
            outcome = "permanent"
            raise
        finally:
            self._metrics.reconciled(outcome, time.perf_counter() - started)

    async def _pass(self, key: ModelKey) -> timedelta | None:
        now = self._clock()
        model = find_model(self._store, key)
        if model is None:
            self._changes_in_a_row.pop(key, None)
            for erasure in erasures_of(self._store, key):
                await self._applier.write_statuses(key, plan_orphan(erasure, now), now)
            return None
        try:
            snapshot = observe(self._store, key, model)
            decided = plan(snapshot, now, self._methods)
        except PermanentFailure as exc:
            await self._applier.report(key, model, exc, now)
            raise
        await self._applier.carry_out(key, snapshot, decided, now)
        if decided.actions or decided.statuses:
            return self._again(key)
        self._changes_in_a_row.pop(key, None)
        return max(decided.wake_at - now, timedelta(seconds=1)) if decided.wake_at else None

    def _again(self, key: ModelKey) -> timedelta:
        count = self._changes_in_a_row[key] = self._changes_in_a_row.get(key, 0) + 1
        if count < _RESTLESS_AFTER:
            return timedelta(0)
        log.warning("passes do not settle", model=str(key), passes=count)
        return _RESTLESS_DELAY
