from __future__ import annotations

from erasure_operator.pod_security import container_security, pod_security


def test_containers_satisfy_the_restricted_profile() -> None:
    security = container_security()
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"] is True


def test_nobody_is_root_on_either_level() -> None:
    for security in (container_security(), pod_security()):
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == 65532
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
