"""The testbed: a small, truly trained text-to-image and text-to-video pair, and two judges.

They share one CLIP text encoder, as a video model and its surrogate do, and are small enough to
train, unlearn and probe on two CPU cores. `python -m lab.testbed train` makes them from nothing.
"""
