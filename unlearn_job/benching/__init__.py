"""Benches: methods x concepts x seeds, measured alike, in files that a later run continues."""
