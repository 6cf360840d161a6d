"""Two tiny images made without a registry and without a build tool: the pause image and a shell.

An image is a tar file of layers with a manifest, and a static busybox needs
nothing else around it.
"""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Final

from lab.errors import LabError

__all__ = ["BUSYBOX", "PAUSE_IMAGE", "SHELL_IMAGE", "image_archive"]

PAUSE_IMAGE: Final = "docker.io/concept-erasure/pause:lab"
"""Holds a pod's network namespace; containerd starts one per pod."""

SHELL_IMAGE: Final = "docker.io/concept-erasure/busybox:lab"
"""A shell with wget, nslookup and httpd for the lab's own tests."""

BUSYBOX: Final = (Path("/bin/busybox"), Path("/usr/bin/busybox"))
"""Where a static busybox may be (Debian package busybox-static)."""

APPLETS: Final = (
    "sh",
    "sleep",
    "cat",
    "echo",
    "httpd",
    "wget",
    "nslookup",
    "id",
    "ls",
    "touch",
    "test",
    "kill",
    "true",
)


def image_archive(busybox: Path) -> bytes:
    """Return a docker-archive with both images, the same bytes for the same busybox.

    Raises
    ------
    LabError
        The busybox needs shared libraries, which the images do not have.
    """
    program = busybox.read_bytes()
    # A dynamically linked ELF file names its loader.
    if b"/ld-linux" in program or b"/ld-musl" in program:
        raise LabError("The pause image needs a static busybox: install the package busybox-static.")
    layer = _layer(program)
    digest = hashlib.sha256(layer).hexdigest()
    images = {
        PAUSE_IMAGE: {"Entrypoint": ["/bin/sleep", "infinity"], "User": "65535:65535"},
        SHELL_IMAGE: {"Cmd": ["/bin/sh"], "User": "65532:65532", "Env": ["PATH=/bin"]},
    }
    output, manifest = io.BytesIO(), []
    with tarfile.open(fileobj=output, mode="w") as archive:
        _add(archive, f"{digest}/layer.tar", layer)
        for name, config in images.items():
            document = {
                "architecture": "amd64",
                "os": "linux",
                "config": config,
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            }
            blob = json.dumps(document, sort_keys=True).encode()
            file = f"{hashlib.sha256(blob).hexdigest()}.json"
            _add(archive, file, blob)
            manifest.append({"Config": file, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]})
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return output.getvalue()


def _layer(program: bytes) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as layer:
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("opt", 0o755), ("tmp", 0o1777)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            layer.addfile(entry)
        _add(layer, "bin/busybox", program, mode=0o755)
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(link)
        _add(layer, "etc/passwd", b"root:x:0:0::/:/bin/sh\nnonroot:x:65532:65532::/:/bin/sh\n")
    return output.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
