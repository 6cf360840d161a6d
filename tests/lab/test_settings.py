from __future__ import annotations

import ipaddress
import json
from pathlib import Path

from lab import settings as lab_settings
from lab.settings import PORTS, LabSettings


def test_every_listener_has_a_port_of_its_own(settings: LabSettings) -> None:
    assert set(settings.ports) == set(PORTS)
    assert len(set(settings.ports.values())) == len(PORTS)


def test_ports_stay_clear_of_node_ports_and_of_outgoing_connections(settings: LabSettings) -> None:
    assert all(20000 <= port < 30000 for port in settings.ports.values())


def test_addresses_derive_from_the_networks(settings: LabSettings) -> None:
    assert (settings.host_ip, settings.api_service_ip, settings.dns_service_ip) == (
        "10.88.0.1",
        "10.96.0.1",
        "10.96.0.10",
    )


def test_settings_come_back_as_they_were(settings: LabSettings, tmp_path: Path) -> None:
    lab_settings.save(settings, tmp_path)
    assert lab_settings.load(tmp_path) == settings


def test_the_file_with_the_key_is_private(settings: LabSettings, tmp_path: Path) -> None:
    lab_settings.save(settings, tmp_path)
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600


def test_the_key_is_not_shown(settings: LabSettings) -> None:
    assert settings.s3_secret_key.get_secret_value() not in repr(settings)


def test_settings_of_another_format_or_version_do_not_count(settings: LabSettings, tmp_path: Path) -> None:
    for change in ({"format": 0}, {"kubernetes_version": "1.20.0"}, {"ports": {}}):
        lab_settings.save(settings.model_copy(update=change), tmp_path)
        assert lab_settings.load(tmp_path) is None


def test_unreadable_settings_do_not_count(tmp_path: Path) -> None:
    assert lab_settings.load(tmp_path) is None
    (tmp_path / "settings.json").write_text(json.dumps({"format": 1})[:-3])
    assert lab_settings.load(tmp_path) is None


def test_two_labs_draw_different_keys() -> None:
    networks = ipaddress.IPv4Network("10.88.0.0/24"), ipaddress.IPv4Network("10.96.0.0/16")
    first, second = (lab_settings.new(*networks, sysctls={}) for _ in range(2))
    assert first.s3_secret_key != second.s3_secret_key
