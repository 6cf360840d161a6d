"""VideoModel: what is served, how to unlearn, where releases go and who gets them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from erasure_operator.api.base import ApiModel, Condition, KubernetesObject
from erasure_operator.api.rules import Rule, validated_by
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.contract.document import Device, Probe, Template
from unlearn_job.contract.gates import Gates
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import Component, Components, Features, Judge, Source, Storage

SubdomainName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
AbsolutePath = Annotated[str, Field(max_length=1024, pattern=r"^/[^\s]*$")]
FreeForm = Annotated[
    dict[str, Any], Field(max_length=64, json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})
]
"""A part of a core/v1 type that is passed on as it is."""
PublicKeys = Annotated[
    str,
    Field(
        max_length=4096,
        pattern=r"^(-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*){1,4}$",
    ),
]
"""One public key in PEM, or a few behind one another."""
Labels = dict[str, Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$")]]
"""Label keys and values."""


class PipelineRef(ApiModel):
    """A diffusers pipeline."""

    source: Source
    """`hf://org/name@<commit>`, `s3://bucket/prefix` or `file:///mounted/path`."""


class Credentials(ApiModel):
    """Where the storage's credentials are. Leave out for workload identity."""

    secret_name: SubdomainName
    """Secret in the same namespace whose keys are the AWS_* environment variables."""


class ReleaseStorage(Storage):
    """Where releases go, and with which credentials."""

    credentials: Credentials | None = None


class Signing(ApiModel):
    """With which key Jobs sign encoders, and by which keys pods tell that an encoder is signed."""

    secret_name: SubdomainName
    """Secret in the same namespace with the private key. The Job's pod gets it as a file, and nobody else."""
    key: Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9][-._A-Za-z0-9]*$")] = "key.pem"
    """Key of the Secret: PEM without a password, on the curve P-256, P-384 or P-521."""
    public_key: PublicKeys | None = None
    """Public key in PEM, or up to four of them while keys change. Set: pods serve no release whose encoder
    none of them signed. Unset: signatures are made, and looked at by nobody here."""


class JobTemplate(ApiModel):
    """The part of the Job's pod that the platform team decides."""

    image: Annotated[str, Field(max_length=512)] | None = None
    """Image with unlearn-job. Unset: the one that belongs to the operator's version."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """As in core/v1 Container; unset: what Kubernetes derives from the tag."""
    resources: FreeForm = {}
    """Requests and limits, such as `nvidia.com/gpu`."""
    node_selector: Annotated[Labels, Field(max_length=32)] = {}
    """Labels of nodes that may run the Job."""
    tolerations: Annotated[tuple[FreeForm, ...], Field(max_length=32)] = ()
    """As in core/v1 PodSpec."""
    volumes: Annotated[tuple[FreeForm, ...], Field(max_length=32)] = ()
    """Volumes for `file://` sources; restricted Pod Security allows no hostPath."""
    volume_mounts: Annotated[tuple[FreeForm, ...], Field(max_length=32)] = ()
    """As in core/v1 Container."""
    env: Annotated[tuple[FreeForm, ...], Field(max_length=64)] = ()
    """As in core/v1 Container. No credentials: name a Secret in `storage.credentials`."""
    service_account_name: SubdomainName | None = None
    """Its token is not mounted: the Job has no Kubernetes API rights."""


class JobSettings(ApiModel):
    """How unlearning Jobs run."""

    template: JobTemplate = JobTemplate()
    device: Device = Device.AUTO
    active_deadline_seconds: Annotated[int, Field(ge=60, le=604800)] = 7200
    """A Job that runs longer is ended and counts as failed."""
    backoff_limit: Annotated[int, Field(ge=0, le=20)] = 3
    """Attempts after temporary errors; disruptions do not count."""


class LabelSelector(ApiModel):
    """Labels that all must match."""

    match_labels: Annotated[Labels, Field(min_length=1, max_length=16)]
    """Labels of the workload itself, not of its pods."""


class Target(ApiModel):
    """Workloads that get the encoder."""

    kind: Literal["Deployment"] = "Deployment"
    """Kind of the workload, of apps/v1."""
    selector: LabelSelector
    container: Annotated[str, Field(max_length=63)] | None = None
    """Container that loads the pipeline. Unset: the first one."""
    encoder_path: AbsolutePath | None = None
    """Mount the encoder over this folder, which an unmodified server reads anyway, such as
    `/models/t2v/text_encoder`; further encoders over the folders of their names beside it. Unset: a folder of
    its own, named by TEXT_ENCODER_PATH."""


class Wave(ApiModel):
    """Workloads that are updated together."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=32)]
    """Selected together, updated together."""


class RolloutSettings(ApiModel):
    """Who gets a release."""

    waves: Annotated[tuple[Wave, ...], Field(min_length=1, max_length=1)]
    """One wave in this version."""


class VideoModelSpec(ApiModel):
    """What the platform team says once."""

    model_config = ConfigDict(
        json_schema_extra=validated_by(
            Rule(
                "!has(self.method) || !(self.method.name in ['few-shot', 'bounded', 'domain-correction']) "
                "|| has(self.surrogate)",
                "this method trains through a text-to-image model: set surrogate.source",
            ),
            Rule(
                "!has(self.gates) || !has(self.gates.attack) || !has(self.gates.attack.inversion) "
                "|| !self.gates.attack.inversion || has(self.surrogate)",
                "gates.attack.inversion trains through a text-to-image model: set surrogate.source",
            ),
            Rule(
                "!has(self.holdout) || !has(self.preserve) || !self.holdout.exists(held, "
                "self.preserve.exists(kept, kept.name.lowerAscii() == held.name.lowerAscii()))",
                "holdout repeats a concept of preserve; what is trained on is no evidence",
            ),
            Rule(
                "!has(self.encoders) || self.encoder in self.encoders",
                "encoders must name what encoder says (text_encoder where it is unset)",
            ),
            Rule(
                "!has(self.encoders) || self.encoders.size() < 2 || self.rollout.waves.all(wave, "
                "wave.targets.all(target, !has(target.encoderPath) || "
                "target.encoderPath.endsWith('/' + self.encoder)))",
                "with several encoders, encoderPath ends with the folder of encoder; others lie beside it",
            ),
        )
    )

    surrogate: PipelineRef | None = None
    """Text-to-image pipeline that shares the encoder. Unset: encoder-only methods, probed on video alone."""
    pipeline: PipelineRef
    """Text-to-video pipeline that is served."""
    encoder: Component = "text_encoder"
    """Component that both pipelines share and that is edited."""
    encoders: Components | None = None
    """All components that are edited together, `encoder` among them, such as both of SDXL: one Job, one
    release, one rollout. Unset: `encoder` alone."""
    judge: Judge
    features: Features | None = None
    """Unset: a probe compares pictures in the judge's features, as far as it has any."""
    storage: ReleaseStorage
    method: MethodSpec = MethodSpec()
    gates: Gates = Gates()
    preserve: Annotated[
        tuple[KeptConcept, ...],
        Field(
            max_length=96,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = ()
    """Concepts that every erasure keeps. A change rebuilds the current set as one batch."""
    holdout: Annotated[
        tuple[KeptConcept, ...],
        Field(
            max_length=96,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = ()
    """Concepts that are probed and never trained on: evidence for what no list names."""
    prompts: Annotated[
        dict[ConceptKind, Annotated[tuple[Template, ...], Field(min_length=1, max_length=64)]],
        Field(max_length=6),
    ] = {}
    """Prompt templates with `{}` for the concept, by kind; one left out takes the built-in ones."""
    probe: Probe = Probe()
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Everything random in a Job derives from it."""
    signing: Signing | None = None
    """Sign encoders, and serve signed ones alone. Unset: digests alone vouch for what is served."""
    job: JobSettings = JobSettings()
    rollout: RolloutSettings


class VideoModelStatus(ApiModel):
    """What the operator last saw."""

    observed_generation: Annotated[int, Field(ge=0)] = 0
    """Generation of the spec that this status speaks of."""
    phase: Annotated[str, Field(max_length=40)] = ""
    """For people; programs read the conditions."""
    erasures: Annotated[int, Field(ge=0)] = 0
    """ConceptErasures of this model."""
    release: Annotated[str, Field(max_length=253)] | None = None
    """Name of the EncoderRelease that the targets are to serve; unset for the base encoder."""
    pods: Annotated[str, Field(max_length=40)] = ""
    """Pods that are Ready on that release, such as `2/2`."""
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=16,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    """Ready, Reconciling and Stalled, as kstatus reads them."""


class VideoModel(KubernetesObject):
    """A text-to-video model that is served, and how concepts are taken out of it."""

    model_config = ConfigDict(
        json_schema_extra=validated_by(
            Rule(
                "self.metadata.name.size() <= 52",
                "the name must not exceed 52 characters: releases and Jobs are named after it",
            )
        )
    )

    spec: VideoModelSpec
    status: VideoModelStatus = VideoModelStatus()
