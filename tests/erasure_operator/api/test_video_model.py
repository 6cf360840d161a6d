"""What a platform team may leave out, and what is passed on untouched."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from erasure_operator.api.video_model import VideoModel, VideoModelSpec
from tests.erasure_operator.api.conftest import VIDEO_MODEL, Manifest, changed
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


KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJY7Q3nLXk1yJ0vZp1Y0kqkqz4mXb
cXw3Yx1oQm9bJm0m1R3rCq6T3dB1p7mBvWZ3l0K7lS2nqgQm0n5j2n0m8g==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    ("signing", "refused"),
    [
        ({"secretName": "signing"}, []),
        ({"secretName": "signing", "key": "tls.key", "publicKey": KEY}, []),
        ({"secretName": "signing", "publicKey": KEY.strip()}, []),
        ({"secretName": "signing", "publicKey": KEY * 4}, []),
        ({"secretName": "signing", "publicKey": KEY * 5}, ["spec.signing.publicKey"]),
        (
            {"secretName": "signing", "publicKey": KEY.replace("PUBLIC", "PRIVATE")},
            ["spec.signing.publicKey"],
        ),
        ({"secretName": "signing", "publicKey": "signer.pub"}, ["spec.signing.publicKey"]),
        ({"secretName": "signing", "publicKey": ""}, ["spec.signing.publicKey"]),
        ({"secretName": "signing", "key": "../key.pem"}, ["spec.signing.key"]),
        ({"key": "key.pem"}, ["spec.signing"]),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_by_the_schema_and_the_model_alike(
    signing: dict[str, str], refused: list[str], refusals: Callable[[Manifest], list[str]]
) -> None:
    given = changed(VIDEO_MODEL, "spec.signing", signing)
    assert refusals(given) == refused
    if refused:
        with pytest.raises(ValidationError):
            VideoModel.from_object(given)
    else:
        assert VideoModel.from_object(given).spec.signing is not None
