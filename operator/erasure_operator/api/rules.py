"""CEL rules that stand beside the fields they check and end up in the CustomResourceDefinitions.

A rule that the API server checks answers whoever applies the manifest, in the pull request's dry run already;
the same rule in the operator could only complain later, in a status.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import JsonValue


class Rule(NamedTuple):
    """One `x-kubernetes-validations` entry."""

    rule: str
    """CEL over `self`, and `oldSelf` where it only binds updates."""
    message: str
    """What is wrong and what to do, for the person who applied it."""


def validated_by(*rules: Rule) -> dict[str, JsonValue]:
    """Return the rules in the form of `json_schema_extra`, for a model or for a field."""
    return {"x-kubernetes-validations": [{"rule": rule.rule, "message": rule.message} for rule in rules]}
