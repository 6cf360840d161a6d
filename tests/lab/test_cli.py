from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.paths import CHECKOUT
from lab.state import LabState


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def test_help_names_every_command() -> None:
    shown = lab("--help").stdout
    assert all(command in shown for command in ("up", "down", "status", "env", "images", "load"))


@pytest.mark.cluster
def test_status_is_for_programs_too(lab_state: LabState) -> None:
    answer = lab("status", "--output", "json")
    found = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert found["healthy"] is True
    assert {"etcd", "kubelet", "s3"} <= {part["name"] for part in found["components"]}


@pytest.mark.cluster
def test_env_shows_no_secret(lab_state: LabState) -> None:
    shown = lab("env").stdout
    assert f"export KUBECONFIG={lab_state.kubeconfig}" in shown
    assert lab_state.s3_secret_key.get_secret_value() not in shown
    assert Path(lab_state.bin_dir, "helm").exists()


@pytest.mark.cluster
def test_a_known_failure_is_one_message(lab_state: LabState, tmp_path: Path) -> None:
    answer = lab("load", str(tmp_path / "missing.tar"))
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: ")
    assert "Traceback" not in answer.stderr
