from __future__ import annotations

import io

import pytest
from rich.console import Console

from lab.progress import Progress, duration


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


def progress(log: io.StringIO, *, terminal: bool = False) -> Progress:
    return Progress(Console(file=log, force_terminal=terminal, width=100))


def test_a_long_step_is_announced_with_the_time_it_usually_takes(log: io.StringIO) -> None:
    with progress(log).step("Building Kubernetes", 600):
        assert "Building Kubernetes (usually 10 min)" in log.getvalue()


def test_a_short_step_is_one_line(log: io.StringIO) -> None:
    with progress(log).step("Starting etcd", 1):
        pass
    assert log.getvalue().count("\n") == 1


def test_a_failed_step_is_marked_and_the_error_goes_on(log: io.StringIO) -> None:
    with pytest.raises(ValueError, match="no"), progress(log).step("Starting etcd", 1):
        raise ValueError("no")
    assert "✗ Starting etcd" in log.getvalue()


def test_a_terminal_shows_where_a_step_stands(log: io.StringIO) -> None:
    with progress(log, terminal=True).step("Building Kubernetes", 600) as step:
        step.detail = "12 packages"
    assert "Building Kubernetes" in log.getvalue()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.31, "0.3 s"), (42, "42 s"), (432, "7 min 12 s"), (600, "10 min")]
)
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said
