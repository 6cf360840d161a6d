from __future__ import annotations

import pytest

from unlearn_job.erasing import Pair
from unlearn_job.methods.robust.found import Found
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch


def test_joining_keeps_every_prompt_once() -> None:
    prompt = Prompt("", "boat", "")
    assert Found(stays=(prompt,)) + Found(stays=(prompt,)) == Found(stays=(prompt,))


def test_a_prompt_that_goes_does_not_stay() -> None:
    boat, ship = Prompt("", "boat", ""), Prompt("", "ship", "")
    goes = Found(goes=(Pair(boat, Prompt("", "a figure", "")),))
    assert (Found(stays=(boat, ship)) + goes).stays == (ship,)
