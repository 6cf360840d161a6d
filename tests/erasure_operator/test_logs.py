from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from erasure_operator.logs import configure_logging
from erasure_operator.settings import LogFormat, LogLevel


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_line_is_one_sentence_with_fields_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.INFO, LogFormat.JSON)
    structlog.get_logger("test").info("release built", release="a", seconds=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["release"], line["seconds"], line["level"]) == (
        "release built",
        "a",
        3,
        "info",
    )
    assert line["timestamp"].endswith("Z")


def test_lines_of_libraries_take_the_same_way_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.DEBUG, LogFormat.JSON)
    logging.getLogger("kopf.reactor").info("watching")
    logging.getLogger("kopf.reactor").warning("lost %s", "it")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "lost it"


def test_a_traceback_is_data_without_the_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.INFO, LogFormat.JSON)
    password = "s3cr3t"
    try:
        raise RuntimeError(len(password))
    except RuntimeError:
        structlog.get_logger("test").exception("pass failed")
    written = capsys.readouterr().err
    assert "RuntimeError" in written
    assert "s3cr3t" not in written


def test_the_level_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.ERROR, LogFormat.CONSOLE)
    structlog.get_logger("test").warning("no")
    structlog.get_logger("test").error("yes")
    written = capsys.readouterr().err
    assert "yes" in written
    assert written.count("\n") == 1
