"""buildah, which builds a Dockerfile as root without a daemon, with storage of the lab's own."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Step

__all__ = ["Buildah"]


class Buildah:
    """Runs buildah on storage in the cache, so that layers are kept across labs."""

    def __init__(self, paths: Paths) -> None:
        self._root = paths.cache / "buildah"
        # Not in the run folder: that goes away while a build may be under way.
        self._run = paths.cache / "buildah-run"

    def run(self, *arguments: str, step: Step | None = None) -> str:
        """Run a command and return its standard output.

        Parameters
        ----------
        arguments
            Command and arguments.
        step
            Shown what the build is at, where given.

        Raises
        ------
        LabError
            It failed; the message ends with its last lines.
        """
        storage = ["--root", str(self._root), "--runroot", str(self._run), "--storage-driver", "overlay"]
        last: list[str] = []
        # Some hosts have no policy file, without which buildah refuses to start.
        with subprocess.Popen(
            ["buildah", *storage, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as child:
            assert child.stdout is not None
            for line in child.stdout:
                last = [*last[-39:], line]
                if step is not None and line.startswith(("STEP", "[")):
                    step.detail = line.strip()[:60]
        if child.returncode:
            raise LabError(f"`buildah {arguments[0]}` failed:\n{''.join(last)}")
        return "".join(last)

    def has(self, image: str) -> bool:
        """Whether an image is in the storage."""
        try:
            self.run("inspect", "--type", "image", "--format", "{{.FromImageID}}", image)
        except LabError:
            return False
        return True

    def build(
        self,
        context: Path,
        *,
        target: str,
        tag: str,
        arguments: dict[str, str],
        mounts: Sequence[Path],
        step: Step | None = None,
    ) -> None:
        """Build one target of the Dockerfile in a folder.

        Parameters
        ----------
        context
            Folder with the Dockerfile.
        target, tag
            Stage to build and the name of the result.
        arguments
            Values of ``ARG``.
        mounts
            Host files that build steps see, read-only, at the same path. They get into no layer.
        step
            Shown what the build is at, where given.
        """
        options = ["--isolation", "chroot", "--network", "host", "--layers", "--target", target, "--tag", tag]
        options += ["--pull-never", "--format", "docker"]
        options += [f"--build-arg={name}={value}" for name, value in arguments.items()]
        options += [f"--volume={path}:{path}:ro" for path in mounts]
        self.run("build", *options, str(context), step=step)
