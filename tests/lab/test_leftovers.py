from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import cgroups, cluster, packet_filter, process
from lab.paths import Paths
from lab.progress import Progress
from lab.state import LabState


def output(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@pytest.mark.cluster
def test_down_leaves_nothing(lab_state: LabState) -> None:
    """Runs last (see conftest.py): the machine is then as before the lab, but for the cache of builds."""
    context = cluster.context()
    assert context is not None
    paths, bridge = Paths.default(), context.settings.bridge
    cluster.down(progress=Progress(quiet=True))
    assert list(process.owned(paths.state)) == []
    assert str(paths.state) not in Path("/proc/self/mountinfo").read_text()
    assert str(paths.run) not in Path("/proc/self/mountinfo").read_text()
    assert bridge not in output("ip", "link")
    assert "veth" not in output("ip", "link")
    assert packet_filter.owned_lines(output("iptables-save")) == []
    assert packet_filter.owned_lines(output("ip6tables-save")) == []
    assert [group for group in cgroups.roots() if group.exists()] == []
    assert not paths.state.exists()
    assert not paths.run.exists()
    for name, value in context.settings.sysctls.items():
        assert Path("/proc/sys", name).read_text().strip() == value
    assert not cluster.status().healthy
    cluster.down(progress=Progress(quiet=True))  # twice is no error
