"""All statuses of a pass, those that changed, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Iterable

from erasure_operator.api.base import Condition
from erasure_operator.api.concept_erasure import ConceptErasure, ConceptErasureStatus
from erasure_operator.api.constants import ConditionType
from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.actions import Event, Plan, SetStatus
from erasure_operator.plan.catalogue import by_age
from erasure_operator.plan.conditions import ready
from erasure_operator.plan.decision import Decision
from erasure_operator.plan.desired import in_order
from erasure_operator.plan.erasure_status import erasure_status
from erasure_operator.plan.model_status import model_status
from erasure_operator.plan.release_status import release_status
from erasure_operator.plan.snapshot import Snapshot

Reported = VideoModel | ConceptErasure | EncoderRelease


def statuses(decision: Decision) -> tuple[SetStatus, ...]:
    """Write how everything stands, releases first: the others refer to them."""
    snapshot = decision.snapshot
    living = [item for item in snapshot.releases if item.metadata.deletion_timestamp is None]
    releases = tuple(
        SetStatus(
            "EncoderRelease",
            item.metadata.name,
            release_status(
                item,
                decision.settled[item.metadata.name],
                decision.catalogue,
                decision.in_place.failed,
                decision.building,
                generation=snapshot.model.metadata.generation,
                now=decision.now,
            ),
        )
        for item in by_age(living)
    )
    erasures = tuple(
        SetStatus("ConceptErasure", item.metadata.name, erasure_status(item, decision))
        for item in in_order(snapshot.erasures)
    )
    return (
        *releases,
        *erasures,
        SetStatus("VideoModel", snapshot.model.metadata.name, model_status(decision)),
    )


def changes(snapshot: Snapshot, written: Iterable[SetStatus]) -> tuple[SetStatus, ...]:
    """Leave out every status that the object already has."""
    before = _objects(snapshot)
    return tuple(item for item in written if before[item.kind, item.name].status != item.status)


def events(snapshot: Snapshot, written: Iterable[SetStatus]) -> tuple[Event, ...]:
    """Tell of each object whose condition Ready got another status or reason."""
    before = _objects(snapshot)
    told = (event_for(before[item.kind, item.name].status.conditions, item) for item in written)
    return tuple(event for event in told if event is not None)


def event_for(before: Iterable[Condition], written: SetStatus) -> Event | None:
    """Tell of one object; None where nothing turned."""
    old, new = ready(before), ready(written.status.conditions)
    if new is None or (old is not None and (old.status, old.reason) == (new.status, new.reason)):
        return None
    stalled = any(
        item.type == ConditionType.STALLED and item.status == "True" for item in written.status.conditions
    )
    return Event(written.kind, written.name, "Warning" if stalled else "Normal", new.reason, new.message)


def orphan_plan(erasure: ConceptErasure, status: ConceptErasureStatus) -> Plan:
    """Report on an erasure without a VideoModel."""
    written = SetStatus("ConceptErasure", erasure.metadata.name, status)
    if erasure.status == status:
        return Plan()
    event = event_for(erasure.status.conditions, written)
    return Plan(statuses=(written,), events=(event,) if event else ())


def _objects(snapshot: Snapshot) -> dict[tuple[str, str], Reported]:
    objects: dict[tuple[str, str], Reported] = {("VideoModel", snapshot.model.metadata.name): snapshot.model}
    objects |= {("ConceptErasure", item.metadata.name): item for item in snapshot.erasures}
    objects |= {("EncoderRelease", item.metadata.name): item for item in snapshot.releases}
    return objects
