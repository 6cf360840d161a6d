from __future__ import annotations

from erasure_operator.api.constants import API_VERSION
from erasure_operator.resources import CONCEPT_ERASURES, DEPLOYMENTS, PODS, VIDEO_MODELS, ModelKey


def test_addresses_are_those_of_the_api_server() -> None:
    assert PODS.path() == "/api/v1/pods"
    assert PODS.path("media", "a") == "/api/v1/namespaces/media/pods/a"
    assert DEPLOYMENTS.path("media") == "/apis/apps/v1/namespaces/media/deployments"
    assert CONCEPT_ERASURES.path("media", "a", "status") == (
        "/apis/concept-erasure.io/v1alpha1/namespaces/media/concepterasures/a/status"
    )


def test_api_versions_are_those_of_manifests() -> None:
    assert VIDEO_MODELS.api_version == API_VERSION
    assert PODS.api_version == "v1"


def test_a_key_reads_as_namespace_and_name() -> None:
    assert str(ModelKey("media", "storyboard")) == "media/storyboard"
