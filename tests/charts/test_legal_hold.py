"""Who may lift a legal hold is said in the values, and is nobody by default."""

from __future__ import annotations

from tests.charts.conftest import Manifest, Render, one


def conditions(rendered: list[Manifest]) -> dict[str, str]:
    spec = one(rendered, "ValidatingAdmissionPolicy")["spec"]
    return {condition["name"]: condition["expression"] for condition in spec["matchConditions"]}


def test_without_lifters_nobody_is_exempt(render: Render) -> None:
    assert set(conditions(render())) == {"held"}


def test_lifters_are_exempt_by_group_or_name(render: Render) -> None:
    given = conditions(render(legalHold={"lifters": {"groups": ["legal"], "users": ["counsel@studio"]}}))
    assert 'username in ["counsel@studio"]' in given["not-a-lifter"]
    assert 'group in ["legal"]' in given["not-a-lifter"]


def test_the_policy_is_bound_and_denies(render: Render) -> None:
    rendered = render()
    binding = one(rendered, "ValidatingAdmissionPolicyBinding")["spec"]
    assert binding["policyName"] == one(rendered, "ValidatingAdmissionPolicy")["metadata"]["name"]
    assert binding["validationActions"] == ["Deny"]
