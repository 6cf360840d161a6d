"""Write the mean of the anchor's token embeddings into the rows of every token of the name.

The simplest edit there is. It takes the words of the name away from everybody ("captain whale" goes with
"captain comet"), which is why the built-in methods do something else.
"""

from __future__ import annotations

import torch
from torch import nn

from token_swap.config import Config
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.states import token_table
from unlearn_job.methods.task import Task
from unlearn_job.methods.tokens import word_ids


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:  # noqa: ARG001 - the protocol's
    """Name the token table."""
    table = token_table(encoder).weight
    return frozenset(name for name, parameter in encoder.named_parameters() if parameter is table)


@torch.no_grad()
def erase(task: Task, config: MethodConfig) -> None:
    """Change the rows in place; a concept that turns into nothing gets the mean of all words."""
    strength = float(Config.model_validate(config.model_dump()).strength)
    before, table = token_table(task.start).weight, token_table(task.encoder).weight
    for erasing in task.erasing:
        anchor = list(word_ids(task.tokenizer, erasing.anchor)) if erasing.anchor else slice(None)
        wanted = before[anchor].mean(dim=0)
        for name in erasing.names:
            rows = list(word_ids(task.tokenizer, name))
            table[rows] = before[rows] + strength * (wanted - before[rows])
