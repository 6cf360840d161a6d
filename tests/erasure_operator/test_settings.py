from __future__ import annotations

import os

import pytest
from pydantic import ValidationError

from erasure_operator.settings import LogFormat, OperatorSettings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OPERATOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPERATOR_IMAGE", "operator:1")
    monkeypatch.setenv("OPERATOR_JOB_IMAGE", "job:1")


def test_two_images_are_enough() -> None:
    settings = OperatorSettings()
    assert (settings.image, settings.job_image, settings.namespaces) == ("operator:1", "job:1", ())
    assert settings.leader_election
    assert settings.http_host == "127.0.0.1"


def test_everything_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_NAMESPACES", "media, films,")
    monkeypatch.setenv("OPERATOR_LOG_FORMAT", "console")
    monkeypatch.setenv("OPERATOR_LEADER_ELECTION", "false")
    monkeypatch.setenv("OPERATOR_HTTP_PORT", "9")
    settings = OperatorSettings()
    assert settings.namespaces == ("media", "films")
    assert settings.log_format is LogFormat.CONSOLE
    assert (settings.leader_election, settings.http_port) == (False, 9)


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPERATOR_IMAGE", ""), ("OPERATOR_WORKERS", "0"), ("OPERATOR_IMAGE_PULL_POLICY", "Sometimes")],
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        OperatorSettings()
