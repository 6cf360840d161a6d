"""What the documents point at is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
PATH = re.compile(
    r"(?<![\w/.-])(?:examples|charts|crds|docs|lab|bench|operator|unlearn_job|tests)/[\w./-]*[\w-]"
)
NAMED = re.compile(r"(?:^|`)(make|python -m) ([a-z][a-z0-9._-]*)", re.MULTILINE)


def documents() -> list[str]:
    """Return every Markdown file of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    # A template becomes a document elsewhere.
    return [name for name in listed.stdout.split() if not name.endswith("card.md")]


@pytest.mark.parametrize("document", documents())
def test_every_link_within_the_repository_leads_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    text = CODE.sub("", (ROOT / document).read_text("utf-8"))
    broken = [link for link in LINK.findall(text) if "://" not in link and not (here / link).exists()]
    assert not broken


@pytest.mark.parametrize("document", documents())
def test_every_path_into_the_repository_is_one(document: str) -> None:
    named = PATH.findall((ROOT / document).read_text("utf-8"))
    missing = [path for path in named if not (ROOT / path).exists() and not path.startswith("bench/results")]
    assert not missing


@pytest.mark.parametrize("document", documents())
def test_every_command_of_ours_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for tool, name in NAMED.findall((ROOT / document).read_text("utf-8")):
        if tool == "make":
            assert name in targets, f"make {name}"
        elif name.startswith(("lab", "bench")):
            path = ROOT.joinpath(*name.split("."))
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), f"python -m {name}"


def test_the_commands_of_the_job_example_make_a_valid_document(tmp_path: Path) -> None:
    block = re.findall(
        r"```sh\n(.*?)```", (ROOT / "examples" / "job" / "README.md").read_text("utf-8"), re.DOTALL
    )[0]
    making, validating, _running = block.splitlines()
    document = tmp_path / "document.json"
    for command in (making, validating):
        subprocess.run(
            ["bash", "-c", command.replace("document.json", str(document))],
            cwd=ROOT,
            env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PWD": str(ROOT)},
            check=True,
        )
