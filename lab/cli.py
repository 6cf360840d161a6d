"""The lab's command line: ``python -m lab COMMAND``."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console
from rich.table import Table

from lab.errors import LabError
from lab.progress import Progress

__all__ = ["app", "main"]

app = App(
    name="lab", help="A real single-node Kubernetes with S3 on this machine, for the demo and the tests."
)

Output = Literal["text", "json"]


@app.command
def up() -> int:
    """Bring the lab up, or repair it; does nothing when all of it works."""
    from lab import cluster  # noqa: PLC0415  `--help` answers at once

    progress = Progress()
    state = cluster.up(progress=progress)
    progress.note(
        f'The lab is up. To use it: eval "$(uv run python -m lab env)"; S3 is at {state.s3_endpoint}.'
    )
    return 0


@app.command
def down() -> int:
    """Take the lab down and remove everything it left on this machine but the cache of builds."""
    from lab import cluster  # noqa: PLC0415

    cluster.down()
    return 0


@app.command
def status(*, output: Output = "text") -> int:
    """Say what runs, where, and whether it works. Ends with 1 when something does not.

    Parameters
    ----------
    output
        ``text`` for people, ``json`` for programs.
    """
    from pydantic import TypeAdapter  # noqa: PLC0415

    from lab import cluster  # noqa: PLC0415
    from lab.state import LabStatus  # noqa: PLC0415

    found = cluster.status()
    if output == "json":
        print(TypeAdapter(LabStatus).dump_json(found, indent=2).decode())
    elif found.state is None:
        print("There is no lab on this machine; `python -m lab up` makes one.")
    else:
        table = Table("component", "pid", "address", "state", box=None)
        for part in found.components:
            table.add_row(part.name, str(part.pid or "-"), part.address, part.reason or "healthy")
        console = Console()
        console.print(table)
        console.print(f"\nkubeconfig {found.state.kubeconfig}\nS3         {found.state.s3_endpoint}")
        console.print(f"logs       {found.state.logs}")
    return 0 if found.healthy else 1


@app.command
def env() -> int:
    """Print the shell commands that point kubectl, helm and AWS tools at the lab."""
    from lab import cluster  # noqa: PLC0415

    state = cluster.find()
    if state is None:
        raise LabError("There is no lab on this machine: run `python -m lab up` first.")
    for name, value in state.environment(os.environ.get("PATH", os.defpath)).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


@app.command
def images(*targets: str, output: Output = "text") -> int:
    """Build the project's images from its Dockerfile and load them into the lab; skips what did not change.

    Parameters
    ----------
    targets
        Targets of the Dockerfile; all of them when none is named.
    output
        ``text`` for people, ``json`` for programs.
    """
    from lab.images import TARGETS, load_images  # noqa: PLC0415

    loaded = load_images(targets or TARGETS)
    if output == "json":
        print(json.dumps({target: asdict(image) for target, image in loaded.items()}, indent=2))
    else:
        for image in loaded.values():
            print(f"{image.name} is {image.pinned}")
    return 0


@app.command
def load(archive: Path, /) -> int:
    """Load an image archive, as `docker save` writes it, into the lab.

    Parameters
    ----------
    archive
        File to load.
    """
    from lab.images import load_archive  # noqa: PLC0415

    for name in load_archive(archive):
        print(name)
    return 0


def main() -> None:
    """Run a command; a known failure is one message and exit code 1."""
    sys.exit(_run(app))


def _run(command: Callable[[], object]) -> int:
    try:
        result = command()
    except LabError as exc:
        Console(stderr=True).print(f"[red]Error:[/red] {exc}", highlight=False, soft_wrap=True)
        return 1
    return result if isinstance(result, int) else 0
