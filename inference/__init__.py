"""Reference text-to-video server that serves the encoder it is given."""
