"""Where an encoder carries an erased concept, as probe.json has it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unlearn_job.contract.base import AnswerModel


class LocalisationEvidence(AnswerModel):
    """How much of a concept is gone when one place of the encoder is given what it has for the anchor."""

    concept: str
    """Name of the erased concept."""
    encoder: str | None = None
    """Component that was patched; unset where the document names one."""
    anchor: str | None = None
    """Phrase that it turns into; unset where a style turns into none."""
    prompts: Annotated[int, Field(ge=1)]
    """How many prompts were patched."""
    layers: tuple[int, ...]
    """Numbers of the layers, from 0."""
    parts: tuple[str, ...]
    """First axis of `recovered`: what of a layer was patched."""
    positions: tuple[str, ...]
    """Second axis of `recovered`: at which words."""
    recovered: tuple[tuple[tuple[float, ...], ...], ...]
    """Share of the way from concept to anchor, by part, positions and layer."""
