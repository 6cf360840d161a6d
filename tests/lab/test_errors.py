from __future__ import annotations

from lab.errors import LabError


def test_the_message_is_all_there_is() -> None:
    assert str(LabError("Do this.")) == "Do this."
