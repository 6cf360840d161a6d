"""The verbs of the end-to-end tests."""

from __future__ import annotations

import json
from typing import Any

import httpx
import yaml

from lab.kubectl import condition_of, wait_until
from lab.stage import EXAMPLES, Stage

MODEL = "storyboard"
BUILD_SECONDS = 240
"""Deadline from apply to Ready with a Job in between, on two busy cores."""
SMALL_PROBE = {
    "images": 12,
    "clips": 8,
    "retentionImages": 40,
    "wordingImages": 4,
    "imageSteps": 4,
    "clipSteps": 4,
    "frames": 2,
    "guidance": "4",
}
SMALL_GATES = {"residual": {"maxPercent": 50}, "retention": {"minPercent": 80, "maxDropPoints": 75}}
"""What so few samples can decide: 1 hit in 8 clips has an upper bound of 47 %. These tests are about the way
of a release, not about the methods; those are measured in bench/. One concept may fall far: for "mosaic" the
judge's "blue" is found as a neighbour, and 14 of 24 were left of it."""


class Story:
    """One namespace with a VideoModel, and what a person does with it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.namespace = stage.namespace

    def apply_service(self, replicas: int) -> None:
        """Apply the example T2V service, which here may start all new pods at once, and wait for it."""
        self.stage.apply_example("storyboard", "inference.yaml")
        changed = {"spec": {"replicas": replicas, "strategy": {"rollingUpdate": {"maxSurge": "100%"}}}}
        self.stage.kubectl("patch", "deployment", MODEL, "-n", self.namespace, "-p", json.dumps(changed))
        self.stage.wait_rolled_out(MODEL)

    def scale(self, replicas: int) -> None:
        """Change the number of T2V pods, and wait until those too many are gone."""
        self.stage.kubectl("scale", "deployment", MODEL, "-n", self.namespace, f"--replicas={replicas}")
        wait_until("the pods too many to go", lambda: len(self.pods_of_service()) == replicas, 60)

    def apply_model(self, name: str = MODEL, **spec: Any) -> None:
        """Apply the example VideoModel with a small probe and some fields of its spec replaced."""
        model = yaml.safe_load((EXAMPLES / "storyboard" / "video-model.yaml").read_text())
        text = yaml.safe_dump(model).replace("s3://checkpoints/", f"s3://{self.stage.site.s3.bucket}/")
        model = yaml.safe_load(text)
        model["metadata"] = {"name": name, "namespace": self.namespace}
        model["spec"] |= {"probe": SMALL_PROBE, "gates": SMALL_GATES, **spec}
        self.stage.apply_objects(model)

    def erase(
        self, concept: str, kind: str = "Object", *, model: str = MODEL, name: str = "", **fields: Any
    ) -> str:
        """Apply a ConceptErasure and return its name."""
        name = name or concept.replace(" ", "-")
        self.stage.apply_objects(
            {
                "apiVersion": "concept-erasure.io/v1alpha1",
                "kind": "ConceptErasure",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {"videoModel": model, "concept": {"name": concept, "kind": kind, **fields}},
            }
        )
        return name

    def take_back(self, erasure: str) -> None:
        """Delete a ConceptErasure, as `git revert` does, and wait until the operator has seen it.

        Until then the VideoModel's Ready speaks of the time before, as nothing of its own spec changes.
        """
        self.stage.kubectl("delete", "conceptErasure", erasure, "-n", self.namespace, "--wait")
        left = len(self.stage.kubectl.list("conceptErasures", self.namespace))
        self.stage.kubectl.wait(
            f"jsonpath={{.status.erasures}}={left}", "videoModel", MODEL, self.namespace, 60
        )

    def wait_erased(self, erasure: str, seconds: float = BUILD_SECONDS) -> dict[str, Any]:
        """Wait until every pod serves an encoder without the concept."""
        return self.stage.wait_ready("conceptErasure", erasure, seconds)

    def wait_condition(self, kind: str, name: str, condition: str, reason: str, seconds: float = 60) -> str:
        """Wait until a condition is there for a reason and True, and return its message."""
        path = f"""jsonpath={{.status.conditions[?(@.type=="{condition}")].reason}}={reason}"""
        found = condition_of(self.stage.kubectl.wait(path, kind, name, self.namespace, seconds), condition)
        assert found
        assert found["status"] == "True"
        return str(found["message"])

    def jobs(self) -> set[str]:
        """Return the uids of all Jobs: a Job that is made again counts twice."""
        return {job["metadata"]["uid"] for job in self.stage.kubectl.list("jobs", self.namespace)}

    def releases(self) -> dict[str, frozenset[str]]:
        """Return the concepts of every EncoderRelease by its name."""
        return {
            release["metadata"]["name"]: frozenset(
                erasure["concept"]["name"]
                for part in ("adds", "holds")
                for erasure in release["spec"]["document"].get(part, [])
            )
            for release in self.stage.kubectl.list("encoderReleases", self.namespace)
        }

    def deployment(self) -> dict[str, Any]:
        """Return the T2V Deployment."""
        found = self.stage.kubectl.find("deployment", MODEL, self.namespace)
        assert found
        return found

    def pods_of_service(self) -> list[str]:
        """Return the names of the T2V pods that are not being deleted."""
        return [
            pod["metadata"]["name"]
            for pod in self.stage.kubectl.list("pods", self.namespace, "app=storyboard")
            if "deletionTimestamp" not in pod["metadata"]
        ]

    def served_concepts(self) -> list[frozenset[str]]:
        """Ask every T2V pod which concepts are erased from what it serves."""
        answers = []
        for pod in self.pods_of_service():
            with self.stage.kubectl.port_forward(f"pod/{pod}", 8000, self.namespace) as url:
                encoder = httpx.get(f"{url}/encoder", timeout=30, trust_env=False).raise_for_status().json()
            answers.append(frozenset(erasure["concept"] for erasure in encoder["erasures"]))
        return answers
