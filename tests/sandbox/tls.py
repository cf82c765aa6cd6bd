"""Certificates of the sandbox: an authority of its own, made anew for every run."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """A certificate for the loopback addresses and the authority that vouches for it."""

    ca_bundle: Path
    """PEM file for `verify=` of the clients."""
    server: ssl.SSLContext
    """What listeners use."""


def issue(folder: Path) -> Certificates:
    """Writes `ca.pem` into `folder` and makes a server context for the loopback names.

    The private keys never leave the memory but for the moment in which OpenSSL reads one.
    """
    authority = trustme.CA(organization_name="Exchange connector sandbox")
    ca_bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_bundle))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*NAMES).configure_cert(context)
    return Certificates(ca_bundle=ca_bundle, server=context)
