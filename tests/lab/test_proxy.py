from __future__ import annotations

from typing import Any

import yaml

from lab import proxy
from lab.component import LabContext


def configuration(lab: LabContext) -> dict[str, Any]:
    (text,) = proxy.component(lab).files.values()
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_pods_reach_each_other_by_service_without_bridge_filtering(lab_context: LabContext) -> None:
    assert configuration(lab_context)["iptables"]["masqueradeAll"] is True


def test_it_changes_no_limit_of_the_kernel(lab_context: LabContext) -> None:
    found = configuration(lab_context)["conntrack"]
    assert (found["maxPerCore"], found["min"]) == (0, 0)


def test_node_ports_are_not_open_to_the_world(lab_context: LabContext) -> None:
    assert configuration(lab_context)["nodePortAddresses"] == [f"{lab_context.settings.host_ip}/32"]
