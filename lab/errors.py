"""What goes wrong in the lab, said to a person.

One exception, because nobody recovers from these in code: the command line
prints the sentence and exits with 1.
"""

__all__ = ["LabError"]


class LabError(Exception):
    """The lab could not do what was asked; the message says what to do about it."""
