from __future__ import annotations

import io

from rich.console import Console

from lab.demo.view import erasure_table, readable

ITEM = {
    "metadata": {"name": "takedown"},
    "spec": {"concept": {"name": "captain comet"}},
    "status": {
        "phase": "Building",
        "conditions": [{"type": "Ready", "reason": "Building", "message": "A Job unlearns the concept."}],
    },
}


def test_the_table_says_what_the_condition_says() -> None:
    screen = io.StringIO()
    Console(file=screen, width=160).print(erasure_table(ITEM))
    assert "captain comet" in screen.getvalue()
    assert "Building: A Job unlearns the concept." in screen.getvalue()


def test_an_erasure_that_is_not_there_yet_is_an_empty_table() -> None:
    assert erasure_table(None).row_count == 0


def test_a_log_line_becomes_a_sentence_with_its_fields() -> None:
    line = '{"event": "step ended", "step": "load", "level": "info", "timestamp": "2026-01-01T00:00:00Z"}'
    assert readable(line) == "step ended step=load"
    assert readable("plain text") == "plain text"
