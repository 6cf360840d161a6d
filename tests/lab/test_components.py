from __future__ import annotations

from itertools import chain

from lab import components
from lab.component import LabContext


def test_each_daemon_comes_after_what_it_needs(lab_context: LabContext) -> None:
    waves = [[component.name for component in wave] for wave in components.waves(lab_context)]
    position = {name: index for index, wave in enumerate(waves) for name in wave}
    needs = {
        "kube-apiserver": ["etcd"],
        "s3": ["s3-store"],
        "kubelet": ["kube-apiserver", "containerd"],
        "kube-proxy": ["kube-apiserver"],
        "coredns": ["kube-apiserver"],
    }
    for name, earlier in needs.items():
        assert all(position[name] > position[one] for one in earlier)


def test_names_and_ports_are_used_once(lab_context: LabContext) -> None:
    found = list(chain.from_iterable(components.waves(lab_context)))
    assert len({component.name for component in found}) == len(found)
    assert len({component.address for component in found}) == len(found)


def test_nothing_listens_on_all_addresses(lab_context: LabContext) -> None:
    for component in chain.from_iterable(components.waves(lab_context)):
        assert "0.0.0.0" not in " ".join([*component.argv, component.address])  # noqa: S104


def test_no_secret_stands_in_the_process_list(lab_context: LabContext) -> None:
    secret = lab_context.settings.s3_secret_key.get_secret_value()
    for component in chain.from_iterable(components.waves(lab_context)):
        assert secret not in " ".join(component.argv)
