from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import cluster
from lab.api import Api
from lab.errors import LabError
from lab.state import LabState

pytestmark = pytest.mark.cluster


@pytest.fixture
def api(lab_state: LabState) -> Iterator[Api]:
    found = cluster.context()
    assert found is not None
    with Api(found) as session:
        yield session


def config_map(**data: str) -> dict[str, object]:
    metadata = {"name": "lab-api-test", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_what_is_applied_can_be_read(api: Api) -> None:
    api.apply(config_map(a="1"))
    api.apply(config_map(b="2"))
    found = api.get("/api/v1/namespaces/default/configmaps/lab-api-test")
    assert found is not None
    assert found["data"] == {"b": "2"}


def test_what_is_not_there_is_none(api: Api) -> None:
    assert api.get("/api/v1/namespaces/default/configmaps/nothing") is None


def test_a_refusal_names_the_object_and_the_reason(api: Api) -> None:
    bad = config_map() | {"metadata": {"name": "Not A Name", "namespace": "default"}}
    with pytest.raises(LabError, match="Invalid value"):
        api.apply(bad)
