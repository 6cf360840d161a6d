"""Certificates of the cluster: one authority, and a key pair for each part that speaks or listens."""

import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.paths import write_private
from lab.settings import LabSettings
from lab.versions import CLUSTER_DOMAIN, NODE_NAME

__all__ = ["CLIENTS", "KeyPair", "Pki"]

CLIENTS: dict[str, tuple[str, str | None]] = {
    "admin": ("lab-admin", "system:masters"),
    "apiserver-kubelet": ("kube-apiserver-kubelet-client", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", None),
    "scheduler": ("system:kube-scheduler", None),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "proxy": ("system:kube-proxy", None),
    "dns": ("concept-erasure-lab:dns", None),
}
"""Client certificates: user name and group, as Kubernetes' built-in roles expect them."""

_OTHER_USES = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)

LIFETIME = dt.timedelta(days=3650)


class KeyPair:
    """A certificate file and its key file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.certificate = folder / f"{name}.crt"
        self.key = folder / f"{name}.key"


class Pki:
    """The files under ``pki/``; :meth:`create` makes those that are missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = KeyPair(folder, "ca")
        self.service_account = KeyPair(folder, "service-account")
        """Signs tokens; its "certificate" is the bare public key."""

    def pair(self, name: str) -> KeyPair:
        """Return the files of one certificate, a name of :data:`CLIENTS` or of a server."""
        return KeyPair(self.folder, name)

    def create(self, settings: LabSettings) -> None:
        """Make what is missing. The addresses in server certificates never change within one lab."""
        wanted = json.dumps([settings.host_ip, settings.api_service_ip, CLIENTS])
        stamp = self.folder / "complete.json"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        authority = self._authority()
        for name, (user, group) in CLIENTS.items():
            self._issue(name, user, group, authority)
        apiserver = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        apiserver.append(f"kubernetes.default.svc.{CLUSTER_DOMAIN}")
        addresses = ["127.0.0.1", settings.host_ip]
        hosts = [*apiserver, *addresses, settings.api_service_ip]
        self._issue("apiserver", "kube-apiserver", None, authority, hosts)
        self._issue("kubelet-server", NODE_NAME, None, authority, [NODE_NAME, *addresses])
        self._issue("etcd", "etcd", None, authority, ["localhost", "127.0.0.1"])
        self._service_account()
        stamp.write_text(wanted)

    def _authority(self) -> "_Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("concept-erasure-lab", None)
        builder = _builder(name, name, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            **dict.fromkeys(_OTHER_USES, False),
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(usage, critical=True).add_extension(identifier, critical=False)
        signed = certificate.sign(key, hashes.SHA256())
        _write(self.ca, key, signed.public_bytes(serialization.Encoding.PEM))
        return _Authority(key, signed)

    def _issue(
        self, name: str, user: str, group: str | None, issuer: "_Authority", hosts: Sequence[str] = ()
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        builder = (
            _builder(_name(user, group), issuer.certificate.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
            )
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
            )
        signed = builder.sign(issuer.key, hashes.SHA256())
        _write(self.pair(name), key, signed.public_bytes(serialization.Encoding.PEM))

    def _service_account(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _write(self.service_account, key, public)


@dataclass(frozen=True)
class _Authority:
    """Who signs. The key stays on disk: the controller manager signs the cluster's requests with it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # An hour ago: a machine's clock may be set back a little after the lab came up.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _name(user: str, group: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(pair: KeyPair, key: ec.EllipticCurvePrivateKey, certificate: bytes) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(pair.key, pem.decode())
    pair.certificate.write_bytes(certificate)
