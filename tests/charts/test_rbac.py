"""The operator may do what it does, and nothing else."""

from __future__ import annotations

import pytest

from erasure_operator.resources import WATCHED
from tests.charts.conftest import Manifest, Render, one

OPERATOR = "concept-erasure-operator"


def verbs(role: Manifest) -> dict[str, set[str]]:
    granted: dict[str, set[str]] = {}
    for rule in role["rules"]:
        for resource in rule["resources"]:
            granted.setdefault(resource, set()).update(rule["verbs"])
    return granted


@pytest.fixture
def granted(render: Render) -> dict[str, set[str]]:
    return verbs(one(render(), "ClusterRole", OPERATOR))


def test_every_watched_kind_may_be_watched(granted: dict[str, set[str]]) -> None:
    assert all({"list", "watch"} <= granted[resource.plural] for resource in WATCHED)


def test_nothing_is_granted_by_wildcard_and_no_secret_at_all(granted: dict[str, set[str]]) -> None:
    assert "*" not in granted
    assert not {"secrets", "pods/exec", "serviceaccounts/token"} & set(granted)
    assert "*" not in set().union(*granted.values())


def test_what_people_write_the_operator_only_reads(granted: dict[str, set[str]]) -> None:
    for resource in ("videomodels", "concepterasures", "pods"):
        assert granted[resource] == {"get", "list", "watch"}
    assert granted["deployments"] == {"get", "list", "watch", "patch"}


def test_chosen_namespaces_get_a_binding_each_and_the_cluster_none(render: Render) -> None:
    rendered = render(watchNamespaces=["media", "studio"])
    bindings = [
        item
        for item in rendered
        if item["kind"] == "RoleBinding" and item["roleRef"]["kind"] == "ClusterRole"
    ]
    assert [item["metadata"]["namespace"] for item in bindings] == ["media", "studio"]
    assert not [item for item in rendered if item["kind"] == "ClusterRoleBinding"]


def test_an_editor_writes_erasures_but_neither_models_nor_releases(render: Render) -> None:
    editor = verbs(one(render(), "ClusterRole", "-edit"))
    assert set(editor) == {"concepterasures"}
    assert "encoderreleases" not in verbs(one(render(), "ClusterRole", "-admin"))
