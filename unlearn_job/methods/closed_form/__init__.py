"""Closed form: one ridge regression per layer on the text encoder alone; no U-Net, no images."""
