"""The tree has two branches, and everything the project raises hangs on one of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

import pytest

import unlearn_job
from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure


def subclasses(kind: type[ErasureError]) -> Iterator[type[ErasureError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from subclasses(sub)


@pytest.mark.torch
def test_every_error_of_the_job_answers_whether_to_retry() -> None:
    for module in pkgutil.walk_packages(unlearn_job.__path__, "unlearn_job."):
        import_module(module.name)
    found = set(subclasses(ErasureError))
    assert len(found) > 15
    for error in found:
        assert issubclass(error, TemporaryFailure) != issubclass(error, PermanentFailure), error
        assert error.reason.isalnum(), error
        assert error.reason[0].isupper(), error
        assert len(error.reason) <= 64, error


def test_a_temporary_failure_says_when_to_come_back() -> None:
    assert TemporaryFailure("x").retry_after == timedelta(seconds=10)
    assert TemporaryFailure("x", retry_after=timedelta(minutes=1)).retry_after == timedelta(minutes=1)
