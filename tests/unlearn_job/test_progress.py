from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterator

import pytest
import structlog

from unlearn_job.progress import EVERY_SECONDS, progress, show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def shown() -> Iterator[None]:
    show_progress()
    yield
    show_progress(on=False)
    structlog.reset_defaults()


def test_a_library_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    show_progress(on=False)
    with progress("images", 2) as advance:
        advance(2)
    output = capsys.readouterr()
    assert output.out + output.err == ""


def test_a_log_gets_a_line_now_and_then() -> None:
    seconds = itertools.count(step=EVERY_SECONDS / 2)
    with (
        structlog.testing.capture_logs() as lines,
        progress("images", 8, clock=lambda: float(next(seconds))) as advance,
    ):
        for _ in range(4):
            advance(2)
    assert [(line["of"], line["done"], line["total"]) for line in lines] == [
        ("images", 4, 8),
    ]


def test_a_terminal_gets_bars_that_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress("attacks", 2) as outer:
        with progress("images", 4) as inner:
            inner(4)
        outer(1)
        with progress("images", 4) as inner:
            inner(4)
        outer(1)
    text = terminal.getvalue()
    assert "attacks" in text
    # Lines of bars are cleared, and the cursor is back.
    assert text.rstrip().endswith("\x1b[2K\x1b[?25h")
