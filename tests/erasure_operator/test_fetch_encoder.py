from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from erasure_operator.fetch_encoder import app
from tests.erasure_operator.test_fetch import FILES, manifest_of, publish


def arguments(tmp_path: Path, **changes: str) -> list[str]:
    wanted = publish(f"file://{tmp_path}/s", FILES, manifest_of(FILES))
    given = {"uri": wanted.uri, "key": wanted.key, "manifest-sha256": wanted.manifest_sha256} | changes
    return [part for name, value in given.items() for part in (f"--{name}", value)] + [
        "--dest",
        str(tmp_path / "d"),
    ]


def run(tokens: list[str]) -> int:
    return int(app(tokens, result_action="return_value"))


def test_a_fetched_encoder_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = arguments(tmp_path)
    assert run(tokens) == run(tokens) == 0
    assert capsys.readouterr().err.splitlines() == [
        "release 0123456789 fetched",
        "release 0123456789 is there already",
    ]


def test_a_damaged_release_is_78_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments(tmp_path, **{"manifest-sha256": "0" * 64})) == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ReleaseDamaged: ")


def test_storage_that_may_come_back_is_75(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = f"s3://bucket/m/releases/{'0' * 64}"
    tokens = ["--uri", uri, "--key", "0" * 64, "--manifest-sha256", "0" * 64, "--dest", str(tmp_path)]
    # Nobody listens on port 9 of the loopback interface.
    environment = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [sys.executable, "-m", "erasure_operator.fetch_encoder", *tokens, "--endpoint", "http://127.0.0.1:9"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[0][:19]) == (75, "StorageUnavailable:"[:19])


def test_it_loads_neither_torch_nor_the_operator() -> None:
    code = (
        "import sys, erasure_operator.fetch;"
        "print([name for name in ('torch', 'kopf', 'kubernetes') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
