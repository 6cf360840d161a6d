from __future__ import annotations

import inspect

import pytest

from unlearn_job.methods import configs, load
from unlearn_job.methods.task import Method

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", sorted(configs()))
def test_a_method_has_the_functions_of_the_protocol(name: str) -> None:
    module = load(name)
    for function in ("moves", "erase"):
        wanted = list(inspect.signature(getattr(Method, function)).parameters)[1:]
        assert list(inspect.signature(getattr(module, function)).parameters) == wanted
