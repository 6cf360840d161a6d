"""What an image is made of: the files the Dockerfile copies, and what the machine adds to its build."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["PASSED", "build_arguments", "copied_sources", "digest", "mounted_files"]

PASSED: Final = re.compile(
    r"(SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(PIP|UV)_[A-Z_]+|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy)"
)
"""Variables that say how this machine reaches package indices."""

ARGUMENT: Final = re.compile(r"^ARG\s+(?P<name>\w+)", re.MULTILINE)
COPY: Final = re.compile(r"^(?:COPY|ADD)\s+(?P<rest>.+)$", re.MULTILINE)


def build_arguments(dockerfile: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the machine's package settings among the arguments that a Dockerfile declares.

    Arguments live for the build only: nothing of them gets into the image, as an ``ENV`` would.
    """
    declared = {found["name"] for found in ARGUMENT.finditer(dockerfile)}
    return {
        name: environment[name] for name in sorted(declared) if name in environment and PASSED.fullmatch(name)
    }


def mounted_files(environment: Mapping[str, str]) -> list[Path]:
    """Return the host files and folders that package settings point to, to be mounted during the build.

    Mounted at the same path, so that the values are right inside as well.
    """
    values = [value for name, value in environment.items() if PASSED.fullmatch(name)]
    candidates = {Path(part) for value in values for part in value.split() if part.startswith("/")}
    candidates |= {Path("/etc/pip.conf"), Path("/etc/uv/uv.toml")}
    return sorted(path for path in candidates if path.exists())


def copied_sources(dockerfile: str, context: Path) -> list[Path]:
    """Return the files of the build context that a Dockerfile copies, without caches.

    Parameters
    ----------
    dockerfile
        Its text; copies from other stages and images are not of the context.
    context
        The checkout.
    """
    joined = re.sub(r"\\\n\s*", " ", dockerfile)
    found: set[Path] = set()
    for match in COPY.finditer(joined):
        rest = match["rest"]
        if "--from=" in rest:
            continue
        rest = re.sub(r"--\S+\s+", "", rest).strip()
        words = json.loads(rest) if rest.startswith("[") else rest.split()
        for source in words[:-1]:
            for path in (
                context.glob(source.removeprefix("./").removeprefix("/").rstrip("/"))
                if source != "."
                else [context]
            ):
                found.update(_files(path))
    return sorted(found)


def digest(dockerfile: str, context: Path, options: Mapping[str, str]) -> str:
    """Return a short digest of everything that can change what a build gives.

    Parameters
    ----------
    dockerfile
        Its text.
    context
        The checkout.
    options
        Whatever else matters: target, base, arguments.
    """
    total = hashlib.sha256(json.dumps([dockerfile, dict(sorted(options.items()))]).encode())
    ignore = context / ".dockerignore"
    for path in (*([ignore] if ignore.exists() else []), *copied_sources(dockerfile, context)):
        # The mode too: an executable bit is part of the image.
        total.update(f"{path.relative_to(context)}\0{path.stat().st_mode & 0o111}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name not in {"__pycache__", ".git", ".venv"}]
        found += [Path(folder, name) for name in files if not name.endswith(".pyc")]
    return found
