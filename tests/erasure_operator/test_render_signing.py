from __future__ import annotations

from pathlib import Path

import pytest

from erasure_operator.api.video_model import Signing
from erasure_operator.render_signing import signing_mounts, signing_variables, signing_volumes
from unlearn_job.settings import JobSettings

SIGNING = Signing(secret_name="encoder-signing", key="p256.pem")


def test_nothing_is_mounted_where_nothing_is_signed() -> None:
    assert signing_volumes(None) == signing_mounts(None) == signing_variables(None) == []


def test_the_variable_names_the_file_that_the_mount_holds_as_the_job_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (volume,), (mount,), (variable,) = (
        made(SIGNING) for made in (signing_volumes, signing_mounts, signing_variables)
    )
    (item,) = volume["secret"]["items"]
    monkeypatch.setenv(variable["name"], variable["value"])
    assert JobSettings().signing_key == Path(mount["mountPath"]) / item["path"]
    assert mount["name"] == volume["name"]
    assert mount["readOnly"] is True


def test_one_key_of_the_secret_is_given_and_its_absence_is_left_to_the_job_to_tell() -> None:
    (volume,) = signing_volumes(SIGNING)
    assert volume["secret"] == {
        "secretName": "encoder-signing",
        "items": [{"key": "p256.pem", "path": "p256.pem"}],
        "optional": True,
    }


def test_what_a_job_says_about_the_file_names_the_secret() -> None:
    from unlearn_job.signing import SigningKeyError, check_signing

    (variable,) = signing_variables(SIGNING)
    with pytest.raises(SigningKeyError, match=r"encoder-signing/p256\.pem: No such file"):
        check_signing(Path(variable["value"]))
