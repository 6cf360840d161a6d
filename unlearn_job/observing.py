"""Find out how a pipeline reads its text encoder: let it encode one prompt, and compare what it makes of it.

No table of pipeline classes: what a class does changes between versions of diffusers, and what a table has
not heard of would be edited in the wrong place without a word.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DiffusionPipeline
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.conditioning import Conditioning, UnsupportedEncoderError

PROMPT = "A photo of a Cat"
"""Short, so that there is padding behind it, and with capitals, so that lowering shows."""


@dataclass(frozen=True)
class _Call:
    """What the encoder was called with, and what it gave.

    Attributes
    ----------
    ids: shape (1, S).
    mask: shape (1, S), or None.
    states: hidden states by (layers skipped, final norm applied), shape (1, S, D) each.
    pooled: vectors of shape (1, P) that the encoder offers.

    """

    ids: Tensor
    mask: Tensor | None
    states: dict[tuple[int, bool], Tensor]
    pooled: tuple[Tensor, ...]


@torch.no_grad()
def observe(pipeline: DiffusionPipeline, component: str, tokenizer: PreTrainedTokenizerBase) -> Conditioning:
    """Return what a pipeline reads of one of its text encoders.

    Parameters
    ----------
    pipeline
        The pipeline, with all its encoders.
    component
        Name of the encoder, such as "text_encoder_2".
    tokenizer
        The encoder's tokenizer.

    Raises
    ------
    UnsupportedEncoderError
        The pipeline does not use the encoder, wraps the prompt into a text of its own, or makes something of
        the hidden states that is none of them.

    """
    encoder = getattr(pipeline, component)
    call, made = _recorded(pipeline, component, encoder)
    where = f"{type(pipeline).__name__} {{}} of {component}; no method can edit what it reads there"
    end, lowered = _end(tokenizer, call)
    if end is None:
        raise UnsupportedEncoderError(where.format("puts prompts into a text of its own in front"))
    found = next(
        (
            (key, embeds, at)
            for embeds in made
            if embeds.ndim == 3 and embeds.shape[0] == 1
            for key, states in call.states.items()
            if (at := _place(states, embeds, end)) is not None
        ),
        None,
    )
    if found is None:
        raise UnsupportedEncoderError(where.format("reads no hidden state"))
    (skipped, normed), embeds, at = found
    return Conditioning(
        skipped=skipped,
        normed=normed,
        causal=_is_causal(encoder, call, end),
        masked=call.mask is not None and not bool(call.mask.bool().all()),
        padding=_reads_padding(call.states[skipped, normed], embeds, at, made, end),
        pooled=any(torch.equal(one.to(two), two) for one in call.pooled for two in made if two.ndim == 2),
        lowered=lowered,
        length=call.ids.shape[1],
        end=int(call.ids[0, end]),
    )


def _recorded(pipeline: DiffusionPipeline, component: str, encoder: nn.Module) -> tuple[_Call, list[Tensor]]:
    """Encode `PROMPT` with the pipeline; return the encoder's first call and all tensors that come of it."""
    calls: list[_Call] = []

    def called(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:  # noqa: ANN401
        ids = args[0] if args else kwargs.get("input_ids")
        mask = args[1] if len(args) > 1 else kwargs.get("attention_mask")
        if isinstance(ids, Tensor):
            calls.append(_Call(ids, mask, dict(_states(output)), tuple(_pooled(output))))

    handle = encoder.register_forward_hook(called, with_kwargs=True)
    try:
        made = made_of_prompt(pipeline, next(encoder.parameters()).device)
    finally:
        handle.remove()
    if not calls:
        raise UnsupportedEncoderError(f"{type(pipeline).__name__} encodes prompts without {component}")
    return calls[0], made


@torch.no_grad()
def made_of_prompt(pipeline: DiffusionPipeline, device: torch.device) -> list[Tensor]:
    """Return all tensors that a pipeline makes of `PROMPT` for its denoiser.

    Raises
    ------
    UnsupportedEncoderError
        It has no `encode_prompt`.

    """
    encode = getattr(pipeline, "encode_prompt", None)
    if encode is None:
        raise UnsupportedEncoderError(f"{type(pipeline).__name__} has no encode_prompt to watch")
    return list(_tensors(encode(**_arguments(pipeline, device))))


def _arguments(pipeline: DiffusionPipeline, device: torch.device) -> dict[str, Any]:
    """Ask as the pipeline's own call does: one prompt, no guidance, its default number of tokens."""
    known = inspect.signature(pipeline.encode_prompt).parameters
    calling = inspect.signature(type(pipeline).__call__).parameters
    asked: dict[str, Any] = {
        "prompt": PROMPT,
        "device": device,
        "num_images_per_prompt": 1,
        "num_videos_per_prompt": 1,
        "do_classifier_free_guidance": False,
    }
    # encode_prompt has another default than the call in some pipelines (Wan: 226 and 512).
    length = calling.get("max_sequence_length")
    if length is not None and isinstance(length.default, int):
        asked["max_sequence_length"] = length.default
    return {name: value for name, value in asked.items() if name in known}


def _states(output: Any) -> Iterator[tuple[tuple[int, bool], Tensor]]:  # noqa: ANN401 (any model's output)
    """Yield the states that an encoder's output holds, the last one first."""
    last = getattr(output, "last_hidden_state", None)
    if last is not None:
        yield (0, True), last
    hidden = getattr(output, "hidden_states", None) or ()
    for skipped, states in enumerate(reversed(hidden[1:])):
        # T5 keeps the normed state as the last one of its hidden states.
        if last is None or states is not last:
            yield (skipped, False), states


def _pooled(output: Any) -> Iterator[Tensor]:  # noqa: ANN401
    for name in ("text_embeds", "pooler_output"):
        found = getattr(output, name, None)
        if isinstance(found, Tensor):
            yield found


def _tensors(made: Any) -> Iterator[Tensor]:  # noqa: ANN401
    if isinstance(made, Tensor):
        yield made
    elif isinstance(made, list | tuple):
        for one in made:
            yield from _tensors(one)


def _end(tokenizer: PreTrainedTokenizerBase, call: _Call) -> tuple[int | None, bool]:
    """Return where the prompt ends, None if the encoder got another text, and whether it was lowered."""
    seen = call.ids[0].tolist()
    for text in (PROMPT, PROMPT.lower()):
        ids = list(tokenizer(text).input_ids)
        if seen[: len(ids)] == ids and len(set(seen[len(ids) :])) <= 1:
            # A tokenizer that lowers by itself gives the same ids for both.
            return len(ids) - 1, text != PROMPT
    return None, False


def _place(states: Tensor, embeds: Tensor, end: int) -> int | None:
    """Return the column of `embeds` at which `states` lie, over the prompt's own rows; None if nowhere.

    SDXL puts the states of two encoders side by side.
    """
    width, whole = states.shape[2], embeds.shape[2]
    if embeds.shape[1] <= end or whole < width:
        return None
    own = states[0, : end + 1].to(embeds)
    for at in dict.fromkeys((0, whole - width)):
        if torch.equal(own, embeds[0, : end + 1, at : at + width]):
            return at
    return None


def _reads_padding(states: Tensor, embeds: Tensor, at: int, made: list[Tensor], end: int) -> bool:
    """Say whether the rows behind the end reach the denoiser: neither cut off, nor zero, nor masked."""
    behind = embeds[0, end + 1 :, at : at + states.shape[2]]
    if not len(behind) or not torch.equal(states[0, end + 1 :].to(behind), behind):
        return False
    masks = (one for one in made if one.shape == embeds.shape[:2])
    return not any(int(mask[0].bool().sum()) == end + 1 for mask in masks)


def _is_causal(encoder: nn.Module, call: _Call, end: int) -> bool:
    """Say whether the first state stays what it is when the last word becomes another one."""
    changed = call.ids.clone()
    changed[0, end - 1] = changed[0, end - 2]
    asked = {} if call.mask is None else {"attention_mask": call.mask}
    first, second = (encoder(ids, **asked).last_hidden_state[0, 0].float() for ids in (call.ids, changed))
    # Twice the same sum may differ in its last bits on a GPU.
    return bool(torch.allclose(first, second, rtol=1e-5, atol=1e-6 * float(first.abs().max())))
