"""Settings come from the environment under the names that the operator and people use."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from inference.settings import ServerSettings


def settings(**given: object) -> ServerSettings:
    return ServerSettings(**given)  # type: ignore[arg-type]


def test_the_operators_variable_names_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SOURCE", "s3://models/t2v")
    monkeypatch.setenv("TEXT_ENCODER_PATH", "/var/run/concept-erasure/text_encoder")
    monkeypatch.setenv("T2V_MAX_STEPS", "40")
    given = settings()
    assert given.pipeline == "s3://models/t2v"
    assert given.text_encoder_path == Path("/var/run/concept-erasure/text_encoder")
    assert given.max_steps == 40


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SOURCE", "s3://models/t2v")
    assert settings(pipeline="/models/t2v").pipeline == "/models/t2v"


def test_nothing_is_opened_to_the_network_unasked() -> None:
    assert settings(pipeline="/models/t2v").host == "127.0.0.1"


@pytest.mark.parametrize("wrong", [{}, {"pipeline": ""}, {"pipeline": "x", "port": 70000}], ids=str)
def test_a_wrong_setting_is_refused(wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPELINE_SOURCE", raising=False)
    with pytest.raises(ValidationError):
        settings(**wrong)
