from __future__ import annotations

from datetime import UTC, datetime

from erasure_operator.plan.actions import Event
from erasure_operator.render_event import render_event, timestamp
from tests.erasure_operator.objects import video_model

NOW = datetime(2026, 3, 1, 12, 30, 5, 999, tzinfo=UTC)


def event(message: str = "Built.", reason: str = "Built") -> Event:
    return Event("VideoModel", "storyboard", "Normal", reason, message)


def test_an_event_is_about_its_object_and_names_its_source() -> None:
    rendered = render_event(event(), video_model(), NOW)
    assert rendered["involvedObject"]["kind"] == "VideoModel"
    assert rendered["involvedObject"]["uid"] == "uid-of-storyboard"
    assert rendered["metadata"]["namespace"] == "media"
    assert rendered["source"] == {"component": "concept-erasure-operator"}
    assert rendered["firstTimestamp"] == rendered["lastTimestamp"] == "2026-03-01T12:30:05Z"


def test_saying_the_same_again_is_the_same_event() -> None:
    later = datetime(2026, 3, 2, tzinfo=UTC)
    first, again = render_event(event(), video_model(), NOW), render_event(event(), video_model(), later)
    assert first["metadata"]["name"] == again["metadata"]["name"]
    others = [event("Other."), event(reason="Serving")]
    names = {render_event(other, video_model(), NOW)["metadata"]["name"] for other in others}
    assert len(names | {first["metadata"]["name"]}) == 3


def test_a_long_message_is_cut_at_the_bytes_that_the_api_server_takes() -> None:
    message = render_event(event("ä" * 3000), video_model(), NOW)["message"]
    assert len(message.encode()) <= 1024
    assert message.endswith("ä ...")


def test_times_are_whole_seconds_in_utc() -> None:
    assert timestamp(NOW) == "2026-03-01T12:30:05Z"
