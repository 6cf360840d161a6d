"""How long every stage of the training is, free of torch: each of its processes reads it first."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Optimiser steps of every stage."""

    vae: int = 1500
    decoder: int = 900
    t2i_joint: int = 3200
    t2i_polish: int = 800
    t2v: int = 900
    classifier: int = 1500
    clip: int = 1600
    decoded: int = 6000
    """Drawings sent through the autoencoder for the judges; not steps."""
