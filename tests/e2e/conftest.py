"""A site with the operator, the testbed's models in S3 and a T2V service: once for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.site import Site
from lab.stage import Stage
from tests.e2e.story import Story


@pytest.fixture(scope="session")
def installed(site: Site) -> Site:
    """A site on which the operator runs and finds the testbed's models."""
    stage = Stage(site)
    stage.install_operator()
    stage.upload_models()
    return site


@pytest.fixture(scope="module")
def story(installed: Site, request: pytest.FixtureRequest) -> Iterator[Story]:
    """A namespace of the module's own, with a T2V service that serves the base encoder.

    Its pods are as many as the module's `REPLICAS` says.
    """
    name = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")
    stage = Stage(installed, namespace=f"e2e-{name}")
    stage.clear()
    stage.prepare_namespace()
    story = Story(stage)
    story.apply_service(request.module.REPLICAS)
    yield story
    stage.clear(wait=False)
