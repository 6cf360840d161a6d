"""The specification every container of the lab starts from: the runtime's default and two host folders.

The images for torch would hold 5.5 GB of libraries each. In the lab they are
built without, and every container sees the host's copy instead, read-only.
The sources are links below the state folder that are followed when a
container is created, so they can be switched without a restart.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.paths import Paths

__all__ = [
    "DEPENDENCIES",
    "TESTBED",
    "prepare_mounts",
    "render",
    "switch",
    "switch_dependencies",
    "switch_testbed",
]

DEPENDENCIES = "/opt/lab-site-packages"
"""Where containers see the Python packages of the torch images."""

TESTBED = "/opt/testbed"
"""Where containers see the testbed's models."""


def prepare_mounts(paths: Paths) -> None:
    """Make both sources exist, empty at first: a container does not start without them."""
    paths.mounts.mkdir(mode=0o755, exist_ok=True)
    empty = paths.mounts / "empty"
    empty.mkdir(mode=0o755, exist_ok=True)
    for link in (_dependencies(paths), _testbed(paths)):
        if not link.exists():
            switch(link, empty)


def switch(link: Path, target: Path) -> None:
    """Point a link at another folder, in one step."""
    fresh = link.with_name(link.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def switch_dependencies(paths: Paths, site_packages: Path) -> None:
    """Let containers created from now on see these Python packages."""
    switch(_dependencies(paths), site_packages)


def switch_testbed(paths: Paths, models: Path) -> None:
    """Let containers created from now on see these models."""
    switch(_testbed(paths), models)


def render(paths: Paths) -> str:
    """Return the specification as JSON."""
    done = subprocess.run(["ctr", "oci", "spec"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"`ctr oci spec` failed: {done.stderr.strip()}")
    spec: dict[str, Any] = json.loads(done.stdout)
    for destination, source in ((DEPENDENCIES, _dependencies(paths)), (TESTBED, _testbed(paths))):
        spec["mounts"].append(
            {
                "destination": destination,
                "type": "bind",
                "source": str(source),
                "options": ["rbind", "ro", "nosuid"],
            }
        )
    return json.dumps(spec, indent=2)


def _dependencies(paths: Paths) -> Path:
    return paths.mounts / "site-packages"


def _testbed(paths: Paths) -> Path:
    return paths.mounts / "testbed"
