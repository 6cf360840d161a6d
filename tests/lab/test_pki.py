from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from lab.pki import CLIENTS, Pki
from lab.settings import LabSettings


@pytest.fixture
def pki(tmp_path: Path, settings: LabSettings) -> Pki:
    made = Pki(tmp_path)
    made.create(settings)
    return made


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_certificate_is_signed_by_the_authority(pki: Pki) -> None:
    authority = certificate(pki.ca.certificate)
    for name in (*CLIENTS, "apiserver", "kubelet-server", "etcd"):
        certificate(pki.pair(name).certificate).verify_directly_issued_by(authority)


def test_the_api_server_is_reached_by_bridge_service_and_name(pki: Pki, settings: LabSettings) -> None:
    names = certificate(pki.pair("apiserver").certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    addresses = {str(address) for address in names.value.get_values_for_type(x509.IPAddress)}
    assert {settings.host_ip, settings.api_service_ip} <= addresses
    assert "kubernetes.default.svc" in names.value.get_values_for_type(x509.DNSName)


def test_the_kubelet_is_the_node_it_says(pki: Pki) -> None:
    subject = certificate(pki.pair("kubelet").certificate).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:lab"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_keys_are_private(pki: Pki) -> None:
    assert {path.stat().st_mode & 0o777 for path in pki.folder.glob("*.key")} == {0o600}


def test_a_second_call_keeps_what_is_there(pki: Pki, settings: LabSettings) -> None:
    before = pki.ca.certificate.read_bytes()
    pki.create(settings)
    assert pki.ca.certificate.read_bytes() == before


def test_a_half_made_set_is_made_anew(pki: Pki, settings: LabSettings) -> None:
    (pki.folder / "complete.json").unlink()
    pki.pair("etcd").key.unlink()
    pki.create(settings)
    certificate(pki.pair("etcd").certificate).verify_directly_issued_by(certificate(pki.ca.certificate))
