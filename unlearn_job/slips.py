"""Slips of the pen: what a name becomes when a letter is dropped, doubled, swapped or replaced."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase


def slips(text: str) -> Iterator[str]:
    """Yield every text one slip away, each with the text's words in order."""
    for at, letter in enumerate(text):
        yield text[:at] + text[at + 1 :]
        if letter != " ":
            yield text[:at] + letter + text[at:]
            yield from (text[:at] + other + text[at + 1 :] for other in ascii_lowercase if other != letter)
        if at + 1 < len(text):
            yield text[:at] + text[at + 1] + letter + text[at + 2 :]
            yield f"{text[: at + 1]} {text[at + 1 :]}"
            yield f"{text[: at + 1]}-{text[at + 1 :].strip()}"
