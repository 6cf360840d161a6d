"""Tasks on the untrained models, as the unlearning step makes them."""

from __future__ import annotations

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept
from unlearn_job.methods.task import Task
from unlearn_job.unlearn import _task


def task(*concepts: Concept) -> Task:
    adds = [tiny.erasure(concept, tiny.WHALE, tiny.FISH, tiny.MOSAIC) for concept in concepts]
    return _task(tiny.models(), tiny.document(*adds), tiny.Eyes())
