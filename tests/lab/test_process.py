from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import process
from lab.process import ProcessRecord

SLEEPER = ["sleep", "300"]


@pytest.fixture
def started(tmp_path: Path) -> ProcessRecord:
    return start(tmp_path, SLEEPER)


def start(folder: Path, argv: list[str]) -> ProcessRecord:
    return process.start(
        "sleeper",
        argv,
        owner=folder,
        log=folder / "sleeper.log",
        record=folder / "sleeper.json",
        digest="d1",
        environment={"EXTRA": "1"},
    )


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_started_process_is_found_by_its_record(started: ProcessRecord, tmp_path: Path) -> None:
    assert process.find(tmp_path / "sleeper.json") == started
    process.end([started], grace_seconds=5)


def test_it_leads_a_session_of_its_own(started: ProcessRecord) -> None:
    assert os.getsid(started.pid) == started.pid
    process.end([started], grace_seconds=5)


def test_an_ended_process_is_not_found(started: ProcessRecord, tmp_path: Path) -> None:
    process.end([started], grace_seconds=5)
    assert process.find(tmp_path / "sleeper.json") is None


def test_a_killed_process_is_not_found(started: ProcessRecord, tmp_path: Path) -> None:
    os.kill(started.pid, signal.SIGKILL)
    until(lambda: process.find(tmp_path / "sleeper.json") is None)


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    stubborn = start(tmp_path, ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
    until(lambda: "ready" in (tmp_path / "sleeper.log").read_text())
    process.end([stubborn], grace_seconds=0.2)
    assert not process.alive(stubborn)


def test_another_process_with_the_same_id_is_not_taken_for_it(started: ProcessRecord) -> None:
    later = started.model_copy(update={"start_ticks": started.start_ticks + 1})
    assert not process.alive(later)
    process.end([later], grace_seconds=1)
    assert process.alive(started)
    process.end([started], grace_seconds=5)


def test_a_process_of_another_boot_is_not_alive(started: ProcessRecord) -> None:
    assert not process.alive(started.model_copy(update={"boot_id": "another"}))
    process.end([started], grace_seconds=5)


def test_a_process_without_record_is_found_by_its_owner(started: ProcessRecord, tmp_path: Path) -> None:
    (tmp_path / "sleeper.json").unlink()
    until(lambda: started.pid in {found.pid for found in process.owned(tmp_path)})
    assert started.pid not in {found.pid for found in process.owned(tmp_path / "other")}
    process.end(process.owned(tmp_path), grace_seconds=5)
    assert not process.alive(started)


def test_secrets_of_the_shell_are_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-daemons")
    found = start(tmp_path, ["env"])
    until(lambda: not process.alive(found))
    log = (tmp_path / "sleeper.log").read_text()
    assert "EXTRA=1" in log
    assert "not-for-daemons" not in log


def test_a_record_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"pid": 1')
    assert process.read(tmp_path / "half.json") is None
