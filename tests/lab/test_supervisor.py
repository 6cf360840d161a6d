from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import process
from lab.component import Component
from lab.errors import LabError
from lab.kubectl import wait_until
from lab.paths import Paths
from lab.progress import Progress
from lab.supervisor import Supervisor


@pytest.fixture
def supervisor(paths: Paths) -> Iterator[Supervisor]:
    yield Supervisor(paths, Progress(quiet=True))
    process.end(process.owned(paths.state), grace_seconds=1)


def daemon(folder: Path, *, script: str = "", version: str = "1", ready_seconds: float = 20) -> Component:
    """Describe a daemon that works once its file is there."""
    ready = folder / f"ready-{version}"

    def probe() -> None:
        if not ready.exists():
            raise FileNotFoundError(ready.name)

    argv = ("sh", "-c", script or f"touch {ready}; exec sleep 300")
    return Component("daemon", argv, "here", probe, ready_seconds=ready_seconds)


def test_what_does_not_run_is_started(supervisor: Supervisor, tmp_path: Path) -> None:
    component = daemon(tmp_path)
    supervisor.ensure([component], 1)
    assert supervisor.current(component)


def test_what_works_is_left_alone(supervisor: Supervisor, tmp_path: Path) -> None:
    component = daemon(tmp_path)
    supervisor.ensure([component], 1)
    before = supervisor.running(component)
    supervisor.ensure([component], 1)
    assert supervisor.running(component) == before


def test_what_was_killed_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    component = daemon(tmp_path)
    supervisor.ensure([component], 1)
    before = supervisor.running(component)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    wait_until("it to end", lambda: not process.alive(before), 20)
    supervisor.ensure([component], 1)
    after = supervisor.running(component)
    assert after is not None
    assert after.pid != before.pid


def test_another_configuration_restarts(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.ensure([daemon(tmp_path)], 1)
    changed = daemon(tmp_path, version="2")
    assert not supervisor.current(changed)
    supervisor.ensure([changed], 1)
    assert supervisor.current(changed)
    assert len(list(process.owned(supervisor.paths.state))) == 1


def test_what_runs_and_does_nothing_is_restarted(supervisor: Supervisor, tmp_path: Path) -> None:
    # Deadlocked the first time, well the second.
    script = (
        f"if [ -e {tmp_path}/seen ]; then touch {tmp_path}/ready-1; fi; touch {tmp_path}/seen; exec sleep 300"
    )
    component = daemon(tmp_path, script=script, ready_seconds=2)
    supervisor.ensure([component], 1)
    assert supervisor.current(component)


def test_what_ends_each_time_is_given_up_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    component = daemon(tmp_path, script="echo port in use; exit 1")
    with pytest.raises(LabError, match=r"daemon does not work .*(.|\n)*port in use"):
        supervisor.ensure([component], 1)


def test_reasons_are_given_by_name(supervisor: Supervisor, tmp_path: Path) -> None:
    assert supervisor.unhealthy([daemon(tmp_path)]) == {"daemon": "FileNotFoundError: ready-1"}
