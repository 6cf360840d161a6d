from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.kubectl import Kubectl, KubectlError, condition_of, wait_until
from lab.site import Site


def test_waiting_returns_what_the_condition_returned() -> None:
    answers = iter([None, None, "there"])
    assert wait_until("it", lambda: next(answers), 10) == "there"


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(LabError, match="waited 0 s for the moon"):
        wait_until("the moon", lambda: False, 0)


def test_a_condition_is_found_by_its_type() -> None:
    item = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert condition_of(item, "Ready") == {"type": "Ready", "status": "True"}
    assert condition_of(item, "Stalled") is None
    assert condition_of({"metadata": {}}, "Ready") is None
    assert condition_of(None, "Ready") is None


@pytest.mark.cluster
@pytest.mark.parametrize("seconds", [0.01, 0.3])
def test_a_deadline_that_passes_is_no_refusal(seconds: float, site: Site) -> None:
    with pytest.raises(LabError, match=r"waited 0 s for namespace/default to meet condition=Ready"):
        Kubectl(site.kubectl, site.kubeconfig).wait("condition=Ready", "namespace", "default", "", seconds)


@pytest.mark.cluster
def test_refusals_carry_kubectls_own_words(site: Site) -> None:
    with pytest.raises(KubectlError, match="the server doesn't have a resource type"):
        Kubectl(site.kubectl, site.kubeconfig)("get", "unicorns")
