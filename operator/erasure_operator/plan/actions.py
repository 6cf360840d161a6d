"""What `plan` answers: actions, statuses, events and when to look again.

`apply` writes the statuses in order, then carries the actions out in order, then emits the events; the first
error ends the pass. So what is known is on record before anything is built on it, and a crash in between is
made good by the next pass. An object that is gone is no error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from erasure_operator.api.concept_erasure import ConceptErasureStatus
from erasure_operator.api.encoder_release import EncoderReleaseSpec, EncoderReleaseStatus
from erasure_operator.api.video_model import VideoModelStatus
from erasure_operator.plan.snapshot import EncoderMount

Kind = Literal["VideoModel", "ConceptErasure", "EncoderRelease"]
"""The kinds that have a status of ours."""


@dataclass(frozen=True, slots=True)
class CreateRelease:
    """Create an EncoderRelease (owned by the VideoModel's uid). That it exists already is no error."""

    name: str
    spec: EncoderReleaseSpec


@dataclass(frozen=True, slots=True)
class DeleteRelease:
    """Delete a release that never served and whose verdict no longer counts, so that it can be made again.

    Foreground, with the uid as precondition: it stays in the snapshot with a deletionTimestamp until its Job
    and ConfigMap are gone, which keeps a second Job from starting beside the first.
    """

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class EnsureJob:
    """Make the ConfigMap and the Job of an existing release (owned by the release), from its document and
    the VideoModel's present job settings. That they exist already is no error.
    """

    release: str
    """Name of the release, of the Job and of the ConfigMap."""


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete a Job, foreground and with the uid as precondition, so that the next pass makes it again."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class ApplyEncoder:
    """Server-side apply what the operator owns on a workload; without a mount, give everything back."""

    kind: str
    name: str
    mount: EncoderMount | None


Action = CreateRelease | DeleteRelease | EnsureJob | DeleteJob | ApplyEncoder


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Replace the status of an object. Planned only where it differs from the one observed."""

    kind: Kind
    name: str
    status: VideoModelStatus | ConceptErasureStatus | EncoderReleaseStatus


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event, emitted after the status that it tells of was written."""

    kind: Kind
    name: str
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer of one pass. All empty at the fixed point."""

    actions: tuple[Action, ...] = ()
    statuses: tuple[SetStatus, ...] = ()
    events: tuple[Event, ...] = ()
    wake_at: datetime | None = None
    """Look again at this time even if nothing happens; None: only when something happens."""
