"""What a platform team may leave out, and what is passed on untouched."""

from __future__ import annotations

import re
from typing import Any

from erasure_operator.api.video_model import VideoModel, VideoModelSpec
from tests.erasure_operator.api.conftest import VIDEO_MODEL, changed
from unlearn_job.methods import configs


def test_a_minimal_model_is_complete() -> None:
    spec = VideoModel.from_object(VIDEO_MODEL).spec
    assert spec.method.name == "closed-form"
    assert spec.rollout.waves[0].targets[0].kind == "Deployment"


def test_parts_of_core_types_are_passed_on_as_they_are() -> None:
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    given = changed(VIDEO_MODEL, "spec.job", {"template": {"tolerations": [toleration]}})
    assert VideoModel.from_object(given).spec.job.template.tolerations == (toleration,)


def test_the_api_server_knows_which_methods_need_a_surrogate() -> None:
    extra: Any = VideoModelSpec.model_config["json_schema_extra"]
    (rule,) = [found["rule"] for found in extra["x-kubernetes-validations"] if "method.name" in found["rule"]]
    named = set(re.findall(r"'([a-z-]+)'", rule))
    assert named == {name for name, config in configs().items() if config.needs_surrogate}
