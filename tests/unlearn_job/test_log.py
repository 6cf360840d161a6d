from __future__ import annotations

import json

import pytest
import structlog

from unlearn_job.log import configure_logging


def test_without_a_terminal_every_line_is_json_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    try:
        structlog.get_logger().info("step ended", step="load", seconds=1.5)
    finally:
        structlog.reset_defaults()
    output = capsys.readouterr()
    assert not output.out
    line = json.loads(output.err)
    assert (line["event"], line["step"], line["seconds"]) == ("step ended", "load", 1.5)
    assert line["timestamp"].endswith("Z")
