"""How a pipeline makes its conditioning from a text encoder: which hidden state, which mask, how many tokens.

Stable Diffusion reads the last layer, SDXL the one before it and a pooled vector, Wan masks the padding and
throws its rows away, CogVideoX lets T5 attend to it. An edit must be measured where the pipeline reads, so
`observing.observe` finds this out from the pipeline itself; the encoder and its tokenizer carry the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from unlearn_job.contract.errors import PermanentFailure

_ATTRIBUTE: Final = "_erasure_conditioning"


class UnsupportedEncoderError(PermanentFailure):
    """The text encoder, or the way in which the pipeline reads it, is none that can be edited."""

    reason = "UnsupportedEncoder"


@dataclass(frozen=True)
class Conditioning:
    """What a pipeline reads. The defaults are those of Stable Diffusion 1.x and 2.x.

    Attributes
    ----------
    skipped: layers behind the one whose output is read; SDXL skips one, `clip_skip` as many as it says.
    normed: whether the encoder's final norm is applied to what is read.
    causal: whether a position sees only what stands before it; T5 sees the whole prompt.
    masked: whether the encoder gets an attention mask, so that no position sees padding.
    padding: whether the rows of padding are read too.
    pooled: whether a pooled vector is read as well; it is made from the same states.
    lowered: whether prompts are put into lower case first.
    length: tokens of a prompt; None is the tokenizer's maximum.
    end: id of the token that ends a prompt; a mask reaches to its first place.

    """

    skipped: int = 0
    normed: bool = True
    causal: bool = True
    masked: bool = False
    padding: bool = True
    pooled: bool = False
    lowered: bool = False
    length: int | None = None
    end: int | None = None

    def __post_init__(self) -> None:
        """Refuse a mask without its end."""
        if self.masked and self.end is None:
            raise ValueError("a mask needs the id of the token that ends a prompt")


def attach(conditioning: Conditioning, *carriers: object) -> None:
    """Let encoders and tokenizers carry what the pipeline reads of them.

    An attribute, because both are copied and handed around one by one, and what tokenises must agree with
    what runs the encoder. It is in no file: neither library saves attributes.
    """
    for carrier in carriers:
        setattr(carrier, _ATTRIBUTE, conditioning)


def conditioning_of(carrier: object) -> Conditioning:
    """Return what was attached; the defaults where nothing was."""
    found = getattr(carrier, _ATTRIBUTE, None)
    return found if isinstance(found, Conditioning) else Conditioning()
