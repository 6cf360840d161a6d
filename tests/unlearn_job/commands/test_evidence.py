from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unlearn_job.test_released import publish
from tests.unlearn_job.test_signing import write_key
from unlearn_job.cli import app
from unlearn_job.contract.result import ExitCode


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_key(tmp_path, "key", ec.generate_private_key(ec.SECP256R1()))


def test_report_writes_the_page_and_says_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = publish(tmp_path)
    page = tmp_path / "page.html"
    assert app(["report", str(release), "--out", str(page)]) == 0
    assert page.read_bytes() == (release / "report.html").read_bytes()
    said = capsys.readouterr().out
    assert said.startswith("Built: release ")
    assert f"report: {page}" in said


def test_report_gives_all_numbers_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = publish(tmp_path)
    assert app(["report", str(release), "--out", str(tmp_path / "page.html"), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": 2}


def test_report_gives_nothing_of_a_changed_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = publish(tmp_path)
    (release / "report.html").write_text("<!doctype html><p>All is well.")
    page = tmp_path / "page.html"
    assert app(["report", str(release), "--out", str(page)]) == ExitCode.CONFIGURATION
    assert not page.exists()
    assert capsys.readouterr().err.startswith("ReleaseDamaged: ")


def test_verify_holds_with_the_key_and_the_manifests_digest(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = publish(tmp_path, key)
    sha256 = hashlib.sha256((release / "manifest.json").read_bytes()).hexdigest()
    more = ["--public-key", str(key.with_suffix(".pub")), "--manifest-sha256", sha256]
    assert app(["verify", str(release), *more]) == 0
    assert "is what was published: 6 files, signed by this key" in capsys.readouterr().out
    assert app(["verify", str(release), *more, "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": 6, "subjects": 4, "signed": True}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--manifest-sha256", "0" * 64], "ReleaseDamaged"),
        (["--public-key", "no.pub"], "SigningKeyInvalid"),
    ],
)
def test_verify_says_in_one_sentence_what_does_not_hold(
    tmp_path: Path, key: Path, more: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    release = publish(tmp_path, key)
    assert app(["verify", str(release), *more]) == ExitCode.CONFIGURATION
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"{reason}: ")
    assert "\n" not in said


def test_sign_makes_verify_hold_and_never_replaces(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = publish(tmp_path)
    asked = ["verify", str(release), "--public-key", str(key.with_suffix(".pub"))]
    assert app(asked) == ExitCode.CONFIGURATION
    assert capsys.readouterr().err.endswith("is not signed\n")
    assert app(["sign", str(release), "--private-key", str(key)]) == 0
    assert capsys.readouterr().out.endswith("model.sig\n")
    assert app(asked) == 0
    capsys.readouterr()
    assert app(["sign", str(release), "--private-key", str(key)]) == ExitCode.CONFIGURATION
    assert capsys.readouterr().err.startswith("StorageObjectExists: cannot write model.sig")


def test_neither_loads_torch(tmp_path: Path) -> None:
    release = publish(tmp_path)
    code = (
        "import sys\n"
        "from unlearn_job.cli import app\n"
        f"assert app(['report', {str(release)!r}, '--out', {str(tmp_path / 'page.html')!r}]) == 0\n"
        f"assert app(['verify', {str(release)!r}]) == 0\n"
        "assert not {'torch', 'transformers', 'matplotlib'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
