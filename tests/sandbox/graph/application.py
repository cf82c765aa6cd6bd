"""The registered application, and how it proves to the authority that it is itself (facts §6.1, §6.2)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.sandbox.graph import aadsts
from tests.sandbox.graph.tokens import Parsed, TokenError, decode, encode

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEFAULT_ROLES = ("Calendars.ReadWrite", "User.Read.All", "MailboxSettings.Read")
CLOCK_SKEW = 300.0
"""Seconds by which a client's clock may be ahead."""


class SecretState(StrEnum):
    """What an administrator did to the client secret."""

    VALID = "valid"
    EXPIRED = "expired"
    ROTATED = "rotated"
    """There is a new secret, and the old one was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a token request shows for the application."""

    client_id: str
    secret: str | None
    assertion: str | None

    @classmethod
    def read(cls, form: Mapping[str, str], headers: Mapping[str, str]) -> Credentials:
        """From the form, or from a Basic header as RFC 6749 §2.3.1 writes it."""
        assertion = (
            form.get("client_assertion") if form.get("client_assertion_type") == ASSERTION_TYPE else None
        )
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return cls(
                client_id=form.get("client_id", ""), secret=form.get("client_secret"), assertion=assertion
            )
        try:
            name, _, secret = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, secret = "", ""
        return cls(client_id=unquote_plus(name), secret=unquote_plus(secret), assertion=assertion)


@dataclass(slots=True, kw_only=True)
class Application:
    """The app registration and its service principal."""

    client_id: str
    secret: str
    name: str = "Exchange connector"
    service_principal: str = ""
    secret_state: SecretState = SecretState.VALID
    enabled: bool = True
    roles: tuple[str, ...] = DEFAULT_ROLES
    """Application permissions that were consented to."""
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)
    """Registered certificates by thumbprint."""
    redirect_uris: tuple[str, ...] = ()
    """Reply addresses; loopback addresses are accepted besides."""

    def register(self, pem: str) -> str:
        """Adds a public certificate and returns its thumbprint. Raises ValueError for other text."""
        certificate = x509.load_pem_x509_certificate(pem.encode())
        thumbprint = thumbprint_of(certificate)
        self.certificates[thumbprint] = certificate
        return thumbprint

    def check(self, shown: Credentials, *, audience: str, directory: str, now: datetime) -> None:
        """Raises `SignInError` unless these are the application's credentials.

        `audience` is what the addressee of an assertion must begin with, `directory` the tenant's name.
        """
        if shown.client_id != self.client_id:
            raise aadsts.unknown_application(shown.client_id, directory)
        if not self.enabled:
            raise aadsts.disabled_application(self.client_id, self.name)
        if shown.assertion:
            self._check_assertion(shown.assertion, audience, now)
        elif not shown.secret:
            raise aadsts.missing_credential()
        elif not hmac.compare_digest(shown.secret.encode(), self.secret.encode()):
            raise aadsts.wrong_secret(self.client_id)
        elif self.secret_state is SecretState.EXPIRED:
            raise aadsts.expired_secret(self.client_id)

    def _check_assertion(self, assertion: str, audience: str, now: datetime) -> None:
        try:
            parsed = Parsed(assertion)
            begins = float(parsed.claims.get("nbf", 0)) - CLOCK_SKEW
            expires = float(parsed.claims.get("exp", 0))
        except (TokenError, TypeError, ValueError) as problem:
            raise aadsts.malformed_assertion(str(problem)) from problem
        certificate = self._certificate(parsed.header)
        try:
            parsed.check(certificate.public_key())
        except TokenError as problem:
            raise aadsts.bad_assertion_signature(self.client_id, thumbprint_of(certificate)) from problem
        claims = parsed.claims
        if claims.get("iss") != self.client_id or claims.get("sub") != self.client_id:
            raise aadsts.assertion_subject()
        if not str(claims.get("aud", "")).startswith(audience):
            raise aadsts.assertion_audience(str(claims.get("aud")))
        if not begins <= now.timestamp() < expires:
            raise aadsts.assertion_out_of_time(now)

    def _certificate(self, header: Mapping[str, Any]) -> x509.Certificate:
        """The registered certificate that an assertion's header names by x5t, x5t#S256 or x5c."""
        thumbprint = _named_thumbprint(header)
        found = self.certificates.get(thumbprint or "")
        for certificate in self.certificates.values():
            if found is None and header.get("x5t#S256") == encode(certificate.fingerprint(hashes.SHA256())):
                found = certificate
        if found is None:
            raise aadsts.unknown_certificate(self.client_id, thumbprint)
        return found


def thumbprint_of(certificate: x509.Certificate) -> str:
    """The name of a certificate at Entra: SHA-1 in upper-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, not a protection


def _named_thumbprint(header: Mapping[str, Any]) -> str | None:
    chain = header.get("x5c")
    try:
        if header.get("x5t"):
            return decode(str(header["x5t"])).hex().upper()
        if isinstance(chain, list) and chain:
            return thumbprint_of(x509.load_der_x509_certificate(base64.b64decode(chain[0])))
    except (TypeError, ValueError):
        return None
    return None
