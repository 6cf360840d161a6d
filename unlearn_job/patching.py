"""Activation patching: run a concept's prompts with states taken from its anchor's at some places.

The prompts of the name are run, and the same prompts with the anchor in place of the name. Then the name's
are run again with the states of one place (what leaves a layer, its attention or its feed-forward network, at
some of the positions) taken from the anchor's run, and it is measured how much of the way from the concept to
its anchor the states go that the pipeline reads:

    recovered = <p - c, a - c> / |a - c|^2        c: the concept's states, a: the anchor's, p: patched

summed over the prompts and over all positions that know of the name, as in
`unlearn_job.methods.tokens.answering`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from enum import StrEnum
from typing import Final

import torch
from torch import Tensor, nn

from unlearn_job.methods.goal import Rows, TokenPair, answering_rows
from unlearn_job.methods.replay import Output, changed, replayed, states_of, with_states
from unlearn_job.methods.states import Layer, UnsupportedEncoderError, hidden_states, layers, token_table

ATTENTION: Final = frozenset(("self_attn", "SelfAttention"))
"""Names of a layer's attention in CLIP and Llama, and in T5."""


class Part(StrEnum):
    """What of a layer is patched."""

    ATTENTION = "attention"
    """What its attention adds to the residual."""
    MLP = "mlp"
    """What its feed-forward network adds."""
    RESIDUAL = "residual"
    """What leaves it."""


class Positions(StrEnum):
    """Where in the prompt."""

    EARLIER = "earlier words"
    """Before the name; they know of it only where attention looks ahead, as in T5."""
    NAME = "name"
    """All tokens of the name."""
    LATER = "later words"
    """Between the name and the end-of-text."""
    END = "end of text and padding"
    ALL = "all"
    """All of these."""


class Patching:
    """Both runs of some prompts, and the name's run with places taken from the anchor's.

    Parameters
    ----------
    encoder
        The encoder, in eval mode.
    pairs
        Prompts of the concept, and those that they shall act like.

    """

    def __init__(self, encoder: nn.Module, pairs: Sequence[TokenPair]) -> None:
        self._encoder, self._layers = encoder, layers(encoder)
        self._rows = answering_rows(pairs, token_table(encoder).weight)
        self._groups = _groups(self._rows, pairs)
        self._own, own_run = self._run(self._rows.own)
        self._anchor, self._anchor_run = self._run(self._rows.anchor)
        self._own_blocks = [own_run[index, Part.RESIDUAL] for index in range(self.depth)]
        self.prompts = len(pairs)

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self._layers)

    @property
    def positions(self) -> tuple[Positions, ...]:
        """Positions that some prompt has."""
        return tuple(self._groups)

    def recovered(self, places: Sequence[tuple[int, Part]], positions: Positions) -> float:
        """Return the share of the way from concept to anchor, in [0, 1].

        Parameters
        ----------
        places
            Layers and parts that are patched at once; none gives 0.
        positions
            Where; one of `self.positions`.

        """
        first = min((index for index, _ in places), default=self.depth)
        # What stands before the first patch does not change: it is not computed again.
        before = self._own_blocks[first - 1] if first else None
        with ExitStack() as stack:
            stack.enter_context(replayed(self._layers[:first], before))
            for index, part in places:
                change = self._patch(self._anchor_run[index, part], self._groups[positions])
                stack.enter_context(changed(_module(self._layers[index], part), change))
            states = hidden_states(self._encoder, self._rows.own)
        concept, anchor = self._rows.of_own(self._own).double(), self._rows.of_anchor(self._anchor).double()
        way = anchor - concept
        length = float((way * way).sum())
        if length == 0:
            return 0.0
        went = float(((self._rows.of_own(states).double() - concept) * way).sum())
        return min(1.0, max(0.0, went / length))

    def _run(self, ids: Tensor) -> tuple[Tensor, dict[tuple[int, Part], Output]]:
        """Return what the pipeline reads of ids (B, S), and what every part of every layer gave."""
        seen: dict[tuple[int, Part], Output] = {}

        def note(at: tuple[int, Part]) -> Callable[[Output], Output]:
            def noted(output: Output) -> Output:
                seen[at] = output
                return output

            return noted

        with ExitStack() as stack:
            for index, layer in enumerate(self._layers):
                for part in Part:
                    stack.enter_context(changed(_module(layer, part), note((index, part))))
            states = hidden_states(self._encoder, ids)
        return states, seen

    def _patch(self, source: Output, chosen: Tensor) -> Callable[[Output], Output]:
        """Return a function that takes the chosen rows of a module's states from the anchor's run."""
        rows = self._rows

        def patched(output: Output) -> Output:
            states = states_of(output).clone()
            states[rows.row[chosen], rows.here[chosen]] = states_of(source)[
                rows.row[chosen], rows.there[chosen]
            ]
            return with_states(output, states)

        return patched


def _groups(rows: Rows, pairs: Sequence[TokenPair]) -> Mapping[Positions, Tensor]:
    """Sort the rows by where they stand, a mask of shape (N,) each; what no row has is left out."""
    start, stop, end = (
        torch.tensor([getattr(own.tokens, name) for own, _ in pairs], device=rows.row.device)[rows.row]
        for name in ("start", "stop", "end")
    )
    masks = {
        Positions.EARLIER: rows.here < start,
        Positions.NAME: (rows.here >= start) & (rows.here < stop),
        Positions.LATER: (rows.here >= stop) & (rows.here < end),
        Positions.END: rows.here >= end,
        Positions.ALL: torch.ones_like(rows.here, dtype=torch.bool),
    }
    return {positions: mask for positions, mask in masks.items() if bool(mask.any())}


def _module(layer: Layer, part: Part) -> nn.Module:
    """Return the module whose output is a part of a layer."""
    if part is Part.RESIDUAL:
        return layer.block
    if part is Part.MLP:
        # The network that the last projection belongs to: `mlp`, or T5's `layer.1.DenseReluDense`.
        network = layer.projection_name[len(layer.name) + 1 :].rpartition(".")[0]
        found: nn.Module = layer.block.get_submodule(network)
        return found
    modules: dict[str, nn.Module] = dict(layer.block.named_modules())
    for name, module in modules.items():
        if name.rpartition(".")[2] in ATTENTION:
            return module
    raise UnsupportedEncoderError(f"{layer.name} has no {' or '.join(sorted(ATTENTION))} to patch")
