from __future__ import annotations

import ipaddress
import json

import pytest

from lab import network
from lab.errors import LabError
from lab.paths import Paths
from lab.settings import LabSettings


def routes(*networks: str) -> list[ipaddress.IPv4Network]:
    return [ipaddress.IPv4Network(one) for one in networks]


def test_a_taken_network_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_routes", lambda: routes("10.88.0.0/16", "10.96.7.0/24"))
    assert network.choose_networks() == tuple(routes("10.89.0.0/24", "10.97.0.0/16"))


def test_no_free_network_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_routes", lambda: routes("10.0.0.0/8"))
    with pytest.raises(LabError, match=r"10\.88\.0\.0/24"):
        network.choose_networks()


def test_pods_get_addresses_of_the_bridge_and_a_way_out(settings: LabSettings, paths: Paths) -> None:
    bridge, ports = json.loads(network.cni_configuration(settings, paths))["plugins"]
    assert (bridge["bridge"], bridge["ipMasq"], bridge["isGateway"]) == (settings.bridge, True, True)
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.88.0.0/24", "gateway": "10.88.0.1"}]]
    assert ports["type"] == "portmap"


def test_reserved_addresses_live_in_the_state_folder(settings: LabSettings, paths: Paths) -> None:
    bridge = json.loads(network.cni_configuration(settings, paths))["plugins"][0]
    assert bridge["ipam"]["dataDir"].startswith(str(paths.state))


def test_the_bridge_name_is_short_enough_for_the_kernel(settings: LabSettings) -> None:
    assert len(settings.bridge) <= 15


def test_kernel_settings_are_read_as_they_are() -> None:
    assert network.read_sysctls()["net/ipv4/ip_forward"] in {"0", "1"}
