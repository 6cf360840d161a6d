"""Make daemons run what they should, and see that they work."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import process
from lab.component import Component
from lab.errors import LabError
from lab.paths import Paths
from lab.process import ProcessRecord
from lab.progress import Progress

__all__ = ["Supervisor"]

ATTEMPTS = 3
"""Starts within one wave before a daemon that ends each time is given up."""


class Supervisor:
    """Starts, checks and restarts the daemons of one lab."""

    def __init__(self, paths: Paths, progress: Progress) -> None:
        self.paths = paths
        self.progress = progress

    def running(self, component: Component) -> ProcessRecord | None:
        """Return the process of a component, if it runs."""
        return process.find(self._record(component))

    def current(self, component: Component) -> bool:
        """Whether the component runs with its present program, arguments and configuration."""
        found = self.running(component)
        return found is not None and found.digest == component.digest

    def unhealthy(self, components: Sequence[Component]) -> dict[str, str]:
        """Ask all components at once; return the reason of each that does not work."""
        with ThreadPoolExecutor(len(components)) as pool:
            answers = pool.map(lambda component: _reason(component.probe), components)
            return {
                component.name: reason
                for component, reason in zip(components, answers, strict=True)
                if reason
            }

    def ensure(self, wave: Sequence[Component], usual_seconds: float) -> None:
        """Start what does not run, restart what runs something else, and wait until all of it works.

        Raises
        ------
        LabError
            A daemon does not work in time; the message ends with the last lines of its log.
        """
        if all(self.current(component) for component in wave) and not self.unhealthy(wave):
            return
        with self.progress.step(f"Starting {', '.join(component.name for component in wave)}", usual_seconds):
            for component in wave:
                if not self.current(component):
                    self._restart(component)
            with ThreadPoolExecutor(len(wave)) as pool:
                list(pool.map(self._wait, wave))

    def log(self, component: Component) -> Path:
        """Return the component's log file."""
        return self.paths.logs / f"{component.name}.log"

    def _wait(self, component: Component) -> None:
        deadline, starts = time.monotonic() + component.ready_seconds, 1
        pause = 0.05
        while reason := _reason(component.probe):
            if self.running(component) is None and starts < ATTEMPTS:
                # Typical: its port or lock was still held by the predecessor that just died.
                self._restart(component)
                starts += 1
            elif time.monotonic() > deadline and starts < ATTEMPTS:
                # It runs and does nothing, stopped or deadlocked.
                self._restart(component)
                deadline, starts = time.monotonic() + component.ready_seconds, ATTEMPTS
            elif self.running(component) is None or time.monotonic() > deadline:
                raise LabError(
                    f"{component.name} does not work ({reason}). Its log ends with:\n{self._tail(component)}"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def _restart(self, component: Component) -> None:
        if found := self.running(component):
            process.end([found], grace_seconds=component.stop_seconds)
        component.write_files()
        process.start(
            component.name,
            component.argv,
            owner=self.paths.state,
            log=self.log(component),
            record=self._record(component),
            digest=component.digest,
            environment=component.environment,
        )

    def _record(self, component: Component) -> Path:
        return self.paths.processes / f"{component.name}.json"

    def _tail(self, component: Component) -> str:
        try:
            lines = self.log(component).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(line[:400] for line in lines[-12:])


def _reason(probe: Callable[[], None]) -> str:
    """Say why a probe fails, or return an empty text."""
    try:
        probe()
    except Exception as exc:  # noqa: BLE001  a probe speaks HTTP, S3 and runs programs; any failure is the answer
        return f"{type(exc).__name__}: {exc}"[:300]
    return ""
