"""Procedural drawings: 32 x 32 RGB, drawn at four times the size and box-downsampled.

Free of torch. `scene` composes; the other modules each draw one part.
"""
