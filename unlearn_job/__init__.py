"""Unlearn concepts in a text encoder, prove it, publish it."""
