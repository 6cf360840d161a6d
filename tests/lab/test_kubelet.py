from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import cgroups, kubelet
from lab.component import LabContext
from lab.paths import Paths


@pytest.fixture
def configuration(lab_context: LabContext) -> dict[str, Any]:
    (text,) = kubelet.component(lab_context).files.values()
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_it_listens_where_the_api_server_looks(
    configuration: dict[str, Any], lab_context: LabContext
) -> None:
    assert configuration["address"] == lab_context.settings.host_ip


def test_pods_are_below_the_labs_own_control_group(configuration: dict[str, Any]) -> None:
    assert configuration["cgroupRoot"] == f"/{cgroups.NAME}"


def test_images_are_never_collected_because_nothing_brings_them_back(configuration: dict[str, Any]) -> None:
    assert configuration["imageGCHighThresholdPercent"] == 100


def test_old_control_groups_and_swap_are_accepted(configuration: dict[str, Any]) -> None:
    assert (configuration["failCgroupV1"], configuration["failSwapOn"]) == (False, False)


def test_pods_ask_the_labs_dns(configuration: dict[str, Any], lab_context: LabContext) -> None:
    assert configuration["clusterDNS"] == [lab_context.settings.dns_service_ip]


def test_log_links_of_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: Paths) -> None:
    monkeypatch.setattr(kubelet, "DEVICE_PLUGINS", tmp_path / "kubelet" / "device-plugins")
    monkeypatch.setattr(kubelet, "LOG_LINKS", tmp_path / "containers")
    (tmp_path / "containers").mkdir()
    kubelet.write_device_checkpoint()
    ours, others = tmp_path / "containers" / "a.log", tmp_path / "containers" / "b.log"
    ours.symlink_to(paths.state / "pod-logs" / "a")
    others.symlink_to("/var/log/pods/b")
    kubelet.remove_traces(paths)
    assert not ours.is_symlink()
    assert others.is_symlink()
    assert not (tmp_path / "kubelet").exists()
