"""Hypothesis for all tests of the plan: the same examples every time, and a limit of seconds."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "plan", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("plan")
