"""All parts together: who starts when, and who stops before whom."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from datetime import timedelta
from typing import Any, Final

import structlog

from erasure_operator.apply import Applier
from erasure_operator.cluster import Cluster, connect
from erasure_operator.feeder import Feeder
from erasure_operator.leadership import Leadership
from erasure_operator.lease_lock import LeaseLock
from erasure_operator.metrics import Metrics
from erasure_operator.queue import WorkQueue
from erasure_operator.reconcile import Reconciler
from erasure_operator.render_target import FetchImage
from erasure_operator.resources import ModelKey
from erasure_operator.settings import OperatorSettings
from erasure_operator.store import Store
from erasure_operator.watcher import Watcher
from erasure_operator.web import make_app, serve
from unlearn_job.methods import configs

log = structlog.get_logger()

LEASE_NAME: Final = "concept-erasure-operator"
_DRAIN: Final = timedelta(seconds=10)
_LONGEST_PASS: Final = timedelta(minutes=10)
"""Every request of a pass has a time-out: a pass that takes longer hangs, and a restart helps."""


class Runtime:
    """One operator process.

    Parameters
    ----------
    settings
        From the environment.
    cluster
        Connected API server; closed by whoever opened it.

    """

    def __init__(self, settings: OperatorSettings, cluster: Cluster) -> None:
        self._settings = settings
        self._cluster = cluster
        self.store: Final = Store()
        self.metrics: Final = Metrics(self.store)
        applier = Applier(
            cluster,
            self.store,
            fetch_image=FetchImage(settings.image, settings.image_pull_policy),
            job_image=settings.job_image,
            metrics=self.metrics,
        )
        self.queue: Final = WorkQueue[ModelKey](
            Reconciler(self.store, applier, self.metrics, methods=configs()), workers=settings.workers
        )
        self._feeder = Feeder(cluster, self.store, settings.namespaces, self.queue.wake)
        self._watcher = Watcher(
            self.store, self.queue.wake, settings.namespaces, cluster.client.configuration
        )
        self._leadership = Leadership(
            LeaseLock(
                cluster, namespace=settings.namespace, name=LEASE_NAME, identity=_identity(settings.identity)
            )
        )
        self.metrics.watch_queue(lambda: self.queue.depth)
        self.metrics.watch_leadership(lambda: float(self._leadership.leading.is_set()))
        self.stopping: Final = asyncio.Event()
        """Set to end the operator."""

    async def run(self, *, catch_signals: bool = False) -> None:
        """Work until `stopping` is set, then finish the passes that run and give the lease back.

        Parameters
        ----------
        catch_signals
            Let SIGTERM and SIGINT set `stopping`. For the main thread only.

        Raises
        ------
        Exception
            Whatever ended a part that should run forever.

        """
        if catch_signals:
            _catch_signals(self.stopping)
        app = make_app(self.metrics.registry, healthy=self._health, ready=self._readiness)
        async with serve(app, self._settings.http_host, self._settings.http_port) as url:
            log.info("operator started", url=url, namespaces=self._settings.namespaces or "all")
            stopping = asyncio.create_task(self.stopping.wait(), name="stop signal")
            seeding = asyncio.create_task(self._feeder.seed(), name="seed")
            parts: list[asyncio.Task[Any]] = [seeding]
            try:
                await asyncio.wait({stopping, seeding}, return_when=asyncio.FIRST_COMPLETED)
                if stopping.done():
                    return
                seeding.result()
                log.info("store warm", objects=self.store.size)
                parts = await self._start_parts()
                if catch_signals:
                    # Again: Kopf has put its own handlers in the place of ours.
                    _catch_signals(self.stopping)
                await asyncio.wait({stopping, *parts}, return_when=asyncio.FIRST_COMPLETED)
                for part in parts:
                    if part.done():
                        part.result()
                        raise RuntimeError(f"{part.get_name()} ended")
            finally:
                await self._stop([*parts, stopping])

    async def _start_parts(self) -> list[asyncio.Task[Any]]:
        resync = timedelta(seconds=self._settings.resync_seconds)
        # Kopf comes last: it ends tasks that are younger than itself.
        parts = [
            asyncio.create_task(self._work(), name="work"),
            asyncio.create_task(self._feeder.resync(resync), name="resync"),
        ]
        return [*parts, await self._watcher.start()]

    async def _work(self) -> None:
        if self._settings.leader_election:
            await self._leadership.run(self._lead)
        else:
            self._leadership.leading.set()
            await self.queue.run()

    async def _lead(self) -> None:
        # What woke a standby's queue is still in it; what an earlier leader left half done may wake nobody.
        self._feeder.wake_all()
        await self.queue.run()

    async def _stop(self, parts: list[asyncio.Task[Any]]) -> None:
        log.info("operator stops")
        await self.queue.drain(_DRAIN)
        self._watcher.stop()
        for part in parts:
            if part.get_name() != "kopf":
                part.cancel()
        _, late = await asyncio.wait(parts, timeout=_DRAIN.total_seconds())
        for part in late:
            part.cancel()
        if late:
            await asyncio.wait(late)

    def _health(self) -> str:
        longest = self.queue.longest_pass
        return f"a pass has been running for {longest}" if longest > _LONGEST_PASS else ""

    def _readiness(self) -> str:
        return "" if self.store.warm.is_set() else "the store is not warm yet"


async def run_operator(settings: OperatorSettings) -> None:
    """Run the operator in this process until SIGTERM or SIGINT."""
    cluster = await connect()
    try:
        runtime = Runtime(settings, cluster)
        await runtime.run(catch_signals=True)
    finally:
        await cluster.close()


def _catch_signals(stopping: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT end the operator in our order, not in Kopf's."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)


def _identity(configured: str) -> str:
    """Name this process in the Lease. A restarted container must not take itself for the holder."""
    return f"{configured or socket.gethostname()}_{secrets.token_hex(4)}"
