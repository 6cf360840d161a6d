"""The commands of docs/shell.md run as they stand there, one after another, on less."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SMALLER = {
    "--images 24 --clips 12 --retention-images 72": "--images 8 --clips 4 --retention-images 24",
    "--image-steps 8 --clip-steps 8 --frames 8": "--image-steps 4 --clip-steps 4 --frames 2",
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


def run(kind: str, code: str, folder: Path) -> str:
    """Run a block in a folder that has the testbed where the page looks for it."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "UNLEARN_CACHE_DIR": str(folder / "cache"),
        "HF_HOME": str(folder / "huggingface"),
        "HF_DATASETS_OFFLINE": "1",
    }
    command = ["bash", "-euc", code] if kind == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_page_tells_what_works(tmp_path: Path) -> None:
    (tmp_path / "lab").symlink_to(ROOT / "lab")
    (_, erasing), (_, drawing), (reading, loading), (_, benching) = blocks()
    assert reading == "python"
    # The variables of the first block are the reader's shell's, and the last block needs them.
    variables = "".join(line for line in erasing.splitlines(keepends=True) if line.startswith("export"))

    said = run("sh", erasing, tmp_path)
    assert re.search(r"^(Built|GateFailed): release [0-9a-f]{10}$", said, re.MULTILINE)
    assert said.count("still shown by") == 2, "of erase and of probe"
    assert re.search(r"^captain comet +misspelling ", said, re.MULTILINE)
    assert [*(tmp_path / "releases" / "local" / "releases").glob("*/report.html")]

    run("sh", drawing, tmp_path)
    rows = run("python", f"import datasets\nfound = {loading}\nprint(found['train'].num_rows)", tmp_path)
    kept = len([*(tmp_path / "comets" / "train").rglob("*.png")])
    assert int(rows.split()[-1]) == kept == 4

    run("sh", variables + benching, tmp_path)
    with (tmp_path / "results" / "runs.csv").open(newline="") as file:
        methods = {(row["concept"], row["method"]) for row in csv.DictReader(file)}
    assert methods == {("cat", "closed-form"), ("cat", "few-shot:learningRate=0.001")}
    assert "<svg" in (tmp_path / "results" / "results.html").read_text()
