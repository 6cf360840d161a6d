"""A lab's context without a lab: what the components' modules describe, on folders of the test."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from lab import settings as lab_settings
from lab.component import LabContext
from lab.paths import Paths
from lab.pki import Pki
from lab.settings import LabSettings


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(cache=tmp_path / "cache", state=tmp_path / "state", run=tmp_path / "run")
    found.prepare()
    return found


@pytest.fixture
def settings() -> LabSettings:
    networks = ipaddress.IPv4Network("10.88.0.0/24"), ipaddress.IPv4Network("10.96.0.0/16")
    return lab_settings.new(*networks, sysctls={"net/ipv4/ip_forward": "0"})


@pytest.fixture
def lab_context(paths: Paths, settings: LabSettings) -> LabContext:
    return LabContext(paths, settings, Pki(paths.pki), Path("/cache/lab-kubernetes"), Path("/cache/weed"))
