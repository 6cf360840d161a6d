"""Judges say whether a picture shows a concept; a user's own models, loaded by the usual libraries."""
