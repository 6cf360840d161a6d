"""Attacks on an erased encoder: search for inputs that bring the concept back, with the base as control.

An attack proposes candidates from cheap screens; `attempt` lets the judge choose among them on some seeds
and counts on fresh ones. The concept's names are banned from what is searched. Nothing here is imported
by a Job without attacks.
"""

from unlearn_job.attacks.catalogue import attacks
from unlearn_job.attacks.protocol import Attack, Budget, Candidate, Outcome, Target
from unlearn_job.attacks.trial import attempt

__all__ = ["Attack", "Budget", "Candidate", "Outcome", "Target", "attacks", "attempt"]
