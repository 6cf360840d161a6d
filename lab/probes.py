"""How components are asked whether they work."""

import ssl
from functools import cache

import httpx

from lab.pki import KeyPair, Pki

__all__ = ["http_ok", "https_ok", "tls_context"]

TIMEOUT_SECONDS = 3.0


def http_ok(url: str) -> None:
    """Return when a plain HTTP address answers with a status below 400.

    Raises
    ------
    httpx.HTTPError
        It does not.
    """
    # trust_env=False: a proxy in the environment is for the world outside, never for the lab.
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=_no_tls()) as client:
        client.get(url).raise_for_status()


def https_ok(url: str, pki: Pki, client: str) -> None:
    """Like :func:`http_ok`, trusting the lab's authority only and showing a client certificate.

    Parameters
    ----------
    client
        A name of :data:`lab.pki.CLIENTS`.
    """
    context = tls_context(pki, pki.pair(client))
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=context) as session:
        session.get(url).raise_for_status()


def tls_context(pki: Pki, pair: KeyPair) -> ssl.SSLContext:
    """Return a TLS context that trusts the lab's authority and shows a certificate."""
    context = ssl.create_default_context(cafile=str(pki.ca.certificate))
    context.load_cert_chain(pair.certificate, pair.key)
    return context


@cache
def _no_tls() -> ssl.SSLContext:
    """Without this, httpx reads the system's authorities for each client, which plain HTTP has no use for."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
