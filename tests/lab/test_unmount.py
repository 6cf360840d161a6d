from __future__ import annotations

from pathlib import Path

from lab.unmount import below

MOUNTINFO = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 22 0:30 / /run/lab rw - tmpfs tmpfs rw
41 40 0:31 / /run/lab/containerd/a\\040b rw - overlay overlay rw
42 22 0:32 / /run/laboratory rw - tmpfs tmpfs rw
43 22 0:33 / /state/kubelet/pods/x rw - tmpfs tmpfs rw
"""


def test_the_innermost_comes_first() -> None:
    assert below([Path("/run/lab")], MOUNTINFO) == [Path("/run/lab/containerd/a b"), Path("/run/lab")]


def test_a_folder_with_a_similar_name_is_not_ours() -> None:
    assert Path("/run/laboratory") not in below([Path("/run/lab"), Path("/state")], MOUNTINFO)


def test_nothing_mounted_gives_nothing() -> None:
    assert below([Path("/other")], MOUNTINFO) == []
