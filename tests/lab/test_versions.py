from __future__ import annotations

from lab import versions
from lab.paths import CHECKOUT

GO_MOD = (CHECKOUT / "lab" / "kubernetes" / "go.mod").read_text()


def test_the_go_module_requires_the_version_the_lab_names() -> None:
    assert f"k8s.io/kubernetes v{versions.KUBERNETES_VERSION}\n" in GO_MOD


def test_every_staging_module_is_replaced_by_the_same_release() -> None:
    minor_and_patch = versions.KUBERNETES_VERSION.split(".", 1)[1]
    replaced = [line.split(" => ")[1] for line in GO_MOD.splitlines() if " => " in line]
    assert replaced
    assert {line.split()[1] for line in replaced} == {f"v0.{minor_and_patch}"}


def test_go_mod_and_the_compiler_check_agree_on_the_oldest_go() -> None:
    major, minor = versions.GO_MINIMUM
    assert f"\ngo {major}.{minor}." in GO_MOD
