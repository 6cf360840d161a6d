"""The commands of docs/shell.md run as they stand there, one after another, on less."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import structlog

from tests.unlearn_job.few import make_few
from unlearn_job.cli import app
from unlearn_job.progress import show_progress
from unlearn_job.shell import entered

pytestmark = pytest.mark.torch

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = """#!{python} -SE
import json, socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.connect({socket!r})
stream = asked.makefile("rw")
stream.write(json.dumps(sys.argv[1:]) + "\\n")
stream.flush()
answer = json.loads(stream.readline())
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["code"])
"""
SMALLER = {
    "--images 36 --clips 36 --retention-images 72": "--images 8 --clips 4 --retention-images 24",
    "--wording-images 16": "--wording-images 4",
    "--image-steps 8 --clip-steps 8 --frames 8": "--image-steps 3 --clip-steps 3 --frames 2",
    "--screened 1000 --fresh 32": "--screened 40 --rounds 0 --judged 2 --fresh 2",
    "--attacks words $MODELS": "--attacks words --screened 40 --rounds 0 --judged 2 --fresh 2 $MODELS",
    "--count 64": "--count 2",
    "--concept cat --concept Style:mosaic": "--concept cat",
    # The reader's eyes find it in what `erase` printed.
    "<key>": "$(ls releases/local/releases)",
}


def blocks() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "shell.md").read_text("utf-8")
    for shown, smaller in SMALLER.items():
        assert shown in text, f"docs/shell.md no longer says {shown!r}: what does a test run in its place?"
        text = text.replace(shown, smaller)
    return [(kind, code) for kind, code in BLOCK.findall(text) if "unlearn-job" in code or kind == "python"]


class Shell:
    """A shell whose `unlearn-job` this process answers: torch is loaded once, and not by each command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys
        self._asked = socket.socket(socket.AF_UNIX)
        self._asked.bind(str(folder / "asked"))
        self._asked.listen()
        self._asked.settimeout(0.1)
        command = folder / "bin" / "unlearn-job"
        command.parent.mkdir()
        command.write_text(COMMAND.format(python=sys.executable, socket=str(folder / "asked")))
        command.chmod(0o755)

    def run(self, code: str) -> str:
        """Run a block of the page, and return what it wrote to standard output."""
        path = f"{self._folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.Popen(
            ["bash", "-euc", code],
            cwd=self._folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while process.poll() is None:
            with suppress(TimeoutError):
                self._answer()
        said, errors = process.communicate()
        assert process.returncode == 0, errors[-3000:]
        return said

    def close(self) -> None:
        self._asked.close()

    def _answer(self) -> None:
        connection, _ = self._asked.accept()
        with connection, connection.makefile("rw") as stream:
            line = json.loads(stream.readline())
            code = entered(app, line)
            output = self._capsys.readouterr()
            stream.write(json.dumps({"code": code, "out": output.out, "err": output.err}) + "\n")


def run_python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A shell in a folder that has the testbed where the page looks for it."""
    make_few(monkeypatch)
    (tmp_path / "lab").symlink_to(ROOT / "lab")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNLEARN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    shell = Shell(tmp_path, capsys)
    yield shell
    shell.close()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    show_progress(on=False)


def test_the_page_tells_what_works(shell: Shell, tmp_path: Path) -> None:
    (_, erasing), (_, drawing), (reading, loading), (_, benching) = blocks()
    assert reading == "python"
    # The variables of the first block are the reader's shell's, and the last block needs them.
    variables = "".join(line for line in erasing.splitlines(keepends=True) if line.startswith("export"))

    said = shell.run(erasing)
    assert re.search(r"^(Built|GateFailed): release [0-9a-f]{10}$", said, re.MULTILINE)
    assert said.count("still shown by") == 2, "of erase and of probe"
    assert re.search(r"^captain comet +misspelling ", said, re.MULTILINE)
    assert [*(tmp_path / "releases" / "local" / "releases").glob("*/report.html")]

    shell.run(drawing)
    rows = run_python(f"import datasets\nfound = {loading}\nprint(found['train'].num_rows)", tmp_path)
    kept = len([*(tmp_path / "comets" / "train").rglob("*.png")])
    assert int(rows.split()[-1]) == kept == 4

    shell.run(variables + benching)
    with (tmp_path / "results" / "runs.csv").open(newline="") as file:
        methods = {(row["concept"], row["method"]) for row in csv.DictReader(file)}
    assert methods == {("cat", "closed-form"), ("cat", "few-shot:learningRate=0.001")}
    assert "<svg" in (tmp_path / "results" / "results.html").read_text()
