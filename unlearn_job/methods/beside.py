"""What SDXL's U-Net reads: hidden states of two encoders side by side, a pooled vector, and sizes.

One encoder is trained or searched at a time. The others read the same words and stay as they are, so what is
learned of the one is what it alone can reach beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from diffusers import DiffusionPipeline
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.compatibility import check_same_tokens
from unlearn_job.conditioning import Conditioning, conditioning_of
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import EncoderMismatchError
from unlearn_job.methods.states import Conditions, attention_mask, conditions
from unlearn_job.observing import PROMPT, made_of_prompt, observe
from unlearn_job.tokenizers import tokenizer_name

SIZES: Final = 6
"""Height and width before and behind a crop, and its corner: what SDXL was told of every picture."""


class UnsupportedDenoiserError(PermanentFailure):
    """No method can train through the surrogate's denoiser, and no attack search through it."""

    reason = "UnsupportedDenoiser"

    @classmethod
    def of(cls, pipeline: DiffusionPipeline) -> UnsupportedDenoiserError:
        """Say so of a pipeline."""
        return cls(
            f"the denoiser of {type(pipeline).__name__} is no U-Net that takes hidden states of its encoders "
            "alone, or with a pooled vector as SDXL's does; use a method or an attack that reads the "
            "encoders and no denoiser"
        )


@dataclass(frozen=True)
class _Encoder:
    """One of the pipeline's encoders.

    Attributes
    ----------
    model: what reads; of the component that is trained, the pipeline's own.
    reads: what the pipeline takes of it.
    pad: id of its padding.

    """

    model: nn.Module
    reads: Conditioning
    pad: int

    def own(self, ids: Tensor) -> Tensor:
        """Return the ids of the same texts as its own tokenizer gives them: only the padding may differ."""
        return ids.where(attention_mask(ids, self.reads).bool(), self.pad)

    def reads_of(self, encoder: nn.Module) -> Conditioning:
        """Return how another version of it is read: as was attached, and pooled as this one is."""
        return replace(conditioning_of(encoder), pooled=self.reads.pooled, end=self.reads.end)


class Beside:
    """Reads prompts with one encoder, and with the others beside it.

    Parameters
    ----------
    pipeline
        The text-to-image pipeline, with a U-Net that takes what SDXL's does.
    component
        The encoder that is handed in with every prompt.
    encoders
        Others to read in place of the pipeline's own, by component.

    Raises
    ------
    UnsupportedDenoiserError
        The pipeline does not put its encoders side by side, pools none of them or several, wants other sizes
        than SDXL, or its tokenizers read texts differently.
    UnsupportedEncoderError
        It reads an encoder in a way that no method can edit.

    """

    def __init__(
        self, pipeline: DiffusionPipeline, component: str, encoders: Mapping[str, nn.Module]
    ) -> None:
        own = _encoders(pipeline)
        if component not in own or not _is_side_by_side(pipeline, own):
            raise UnsupportedDenoiserError.of(pipeline)
        self._component = component
        self._encoders = {
            name: replace(one, model=encoders[name], reads=one.reads_of(encoders[name]))
            if name in encoders
            else one
            for name, one in own.items()
        }
        self._scale: int = pipeline.vae_scale_factor

    def read(
        self,
        encoder: nn.Module,
        ids: Tensor,
        embeddings: Tensor | None,
        beside: Tensor,
        soft: Mapping[str, Tensor],
    ) -> Conditions:
        """Return what the U-Net gets, as `Denoiser.read` does."""
        found = []
        for name, one in self._encoders.items():
            if name == self._component:
                found.append(conditions(encoder, ids, embeddings, one.reads_of(encoder)))
            else:
                with torch.set_grad_enabled(torch.is_grad_enabled() and name in soft):
                    found.append(conditions(one.model, one.own(beside), soft.get(name), one.reads))
        return _joined(found)

    def added(self, latents: Tensor, read: Conditions) -> dict[str, Any]:
        """Return what the U-Net takes besides states: pooled vectors, and the sizes of a whole picture."""
        height, width = (self._scale * side for side in latents.shape[2:])
        sizes = torch.tensor([[height, width, 0, 0, height, width]]).to(latents)
        assert read.pooled is not None  # noqa: S101 (exactly one encoder's vector is read)
        vectors = read.pooled.to(latents.dtype)
        return {"added_cond_kwargs": {"text_embeds": vectors, "time_ids": sizes.expand(len(latents), -1)}}


def _encoders(pipeline: Any) -> dict[str, _Encoder]:  # noqa: ANN401 (the base class declares no component)
    """Return the pipeline's encoders by component, in the order in which they stand side by side."""
    models = {
        name: model
        for name, model in sorted(pipeline.components.items())
        if name.startswith("text_encoder") and isinstance(model, nn.Module)
    }
    tokenizers = {name: pipeline.components[tokenizer_name(name)] for name in models}
    try:
        check_same_tokens(tokenizers, ())
    except EncoderMismatchError as exc:
        what = str(exc).partition(";")[0].replace("edited", "read")
        raise UnsupportedDenoiserError(
            f"no encoder of {type(pipeline).__name__} can be trained: {what}"
        ) from exc
    return {
        name: _Encoder(model, observe(pipeline, name, tokenizers[name]), _pad(tokenizers[name]))
        for name, model in models.items()
    }


def _pad(tokenizer: PreTrainedTokenizerBase) -> int:
    pad: int | None = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id) if pad is None else pad


@torch.no_grad()
def _is_side_by_side(pipeline: Any, encoders: Mapping[str, _Encoder]) -> bool:  # noqa: ANN401
    """Say whether the pipeline's prompt is what `Beside` makes of it, and its U-Net takes the six sizes."""
    if [one.reads.pooled for one in encoders.values()].count(True) != 1:
        return False
    first = next(iter(encoders))
    device = next(encoders[first].model.parameters()).device
    tokenizer = getattr(pipeline, tokenizer_name(first))
    ids = tokenizer(PROMPT, padding="max_length", return_tensors="pt").input_ids.to(device)
    found = _joined([conditions(one.model, one.own(ids), reads=one.reads) for one in encoders.values()])
    assert found.pooled is not None  # noqa: S101 (counted above)
    unet = pipeline.unet
    added = SIZES * unet.config.addition_time_embed_dim + found.pooled.shape[1]
    made = made_of_prompt(pipeline, device)
    return added == unet.add_embedding.linear_1.in_features and all(
        any(_is_same(part, one) for one in made) for part in (found.states, found.pooled)
    )


def _is_same(one: Tensor, other: Tensor) -> bool:
    """Say whether two tensors hold the same, but for the last bits in which two runs may differ on a GPU."""
    close = 1e-3 * float(one.abs().max())
    return one.shape == other.shape and bool(torch.allclose(one.float(), other.float(), rtol=0.0, atol=close))


def _joined(found: Sequence[Conditions]) -> Conditions:
    pooled = next((one.pooled for one in found if one.pooled is not None), None)
    return Conditions(torch.cat([one.states for one in found], dim=2), pooled)
