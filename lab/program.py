"""Build the multi-call program of ``lab/kubernetes`` once, and keep it in the cache."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from lab.errors import LabError
from lab.golang import environment, find_go
from lab.paths import Paths
from lab.progress import Progress
from lab.versions import KUBERNETES_VERSION

__all__ = ["CLIENTS", "SOURCE", "build", "digest", "link_clients", "location"]

SOURCE: Final = Path(__file__).parent / "kubernetes"
"""The Go module."""

CLIENTS: Final = ("kubectl", "helm")
"""Components of the program that people call by name."""

USUAL_SECONDS: Final = 600


def location(paths: Paths) -> Path:
    """Return where the program of the present source is or will be."""
    return paths.cache / f"kubernetes-{KUBERNETES_VERSION}-{digest(SOURCE)}" / "lab-kubernetes"


def build(paths: Paths, progress: Progress) -> Path:
    """Return the program, built on the first call for a given source.

    Raises
    ------
    LabError
        There is no Go, or the build failed; the message ends with the compiler's.
    """
    program = location(paths)
    if program.exists():
        return program
    go = find_go()
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_suffix(".partial")
    title = f"Building Kubernetes {KUBERNETES_VERSION}, CoreDNS, kubectl and helm"
    with progress.step(title, USUAL_SECONDS) as step:
        command = [
            str(go),
            "build",
            "-v",
            "-p",
            "2",
            "-trimpath",
            f"-ldflags={_linker_flags()}",
            "-o",
            str(partial),
            ".",
        ]
        with subprocess.Popen(
            command,
            cwd=SOURCE,
            env=environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as compiler:
            assert compiler.stderr is not None
            last: list[str] = []
            for count, line in enumerate(compiler.stderr, 1):
                step.detail = f"{count} packages"
                last = [*last[-14:], line]
        if compiler.returncode:
            raise LabError("Building Kubernetes failed:\n" + "".join(last))
    partial.replace(program)
    _remove_others(program.parent)
    return program


def digest(source: Path) -> str:
    """Return a short digest over everything that makes the program: sources, versions, and linker flags."""
    files = sorted(path for path in source.iterdir() if path.suffix in {".go", ".mod", ".sum"})
    total = hashlib.sha256(_linker_flags().encode())
    for file in files:
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:12]


def link_clients(program: Path, folder: Path) -> None:
    """Put links named like the clients into a folder; the program acts by the name it is called."""
    for name in CLIENTS:
        link = folder / name
        if not (link.is_symlink() and link.readlink() == program):
            link.unlink(missing_ok=True)
            link.symlink_to(program)


def _linker_flags() -> str:
    major, minor, _ = KUBERNETES_VERSION.split(".")
    version = "k8s.io/component-base/version"
    # Without these the server calls itself v0.0.0, and clients refuse it.
    values = {
        "gitVersion": f"v{KUBERNETES_VERSION}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    return " ".join(["-s", "-w", *(f"-X {version}.{name}={value}" for name, value in values.items())])


def _remove_others(kept: Path) -> None:
    """Delete programs of older sources: each is 150 MB, and only its own source finds it."""
    for folder in kept.parent.glob("kubernetes-*"):
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)
