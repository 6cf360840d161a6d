from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from lab.state import LabState

STATE = LabState(
    kubeconfig=Path("/s/kubeconfig"),
    bin_dir=Path("/s/bin"),
    logs=Path("/s/logs"),
    s3_endpoint="http://10.88.0.1:1",
    s3_credentials=Path("/s/credentials"),
    s3_access_key="LAB",
    s3_secret_key=SecretStr("hidden"),
)


def test_the_key_is_masked_wherever_it_is_shown() -> None:
    assert "hidden" not in repr(STATE) + STATE.model_dump_json()


def test_the_environment_names_files_instead_of_secrets() -> None:
    environment = STATE.environment("/usr/bin")
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == "/s/credentials"
    assert "hidden" not in str(environment)


def test_path_is_extended_once() -> None:
    path = STATE.environment("/usr/bin")["PATH"]
    assert path == "/s/bin:/usr/bin"
    assert STATE.environment(path)["PATH"] == path
