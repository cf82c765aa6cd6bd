"""Signed tokens: the key of the tenant, and the JSON Web Tokens that it and its applications write."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

KEY_BITS = 2048


class TokenError(Exception):
    """The text is not a token, or its signature does not fit."""


class SigningKey:
    """The RSA key with which the tenant signs; made when first needed, for it takes a while.

    Services that live one after the other, as in a simulation, may share one.
    """

    @cached_property
    def _private(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)

    @cached_property
    def public_jwk(self) -> dict[str, Any]:
        """The public half as the keys document lists it."""
        numbers = self._private.public_key().public_numbers()
        modulus = encode(numbers.n.to_bytes(KEY_BITS // 8, "big"))
        kid = encode(hashlib.sha1(modulus.encode(), usedforsecurity=False).digest())
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": kid,
            "x5t": kid,
            "n": modulus,
            "e": encode(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact RS256 token with these claims."""
        kid = self.public_jwk["kid"]
        header = {"typ": "JWT", "alg": "RS256", "x5t": kid, "kid": kid}
        unsigned = f"{_segment(header)}.{_segment(claims)}"
        signature = self._private.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{unsigned}.{encode(signature)}"

    def claims_of(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed. Raises `TokenError`."""
        parsed = Parsed(token)
        parsed.check(self._private.public_key())
        return parsed.claims


class Parsed:
    """A compact token taken apart, its signature not yet checked. Raises `TokenError` when it is none."""

    def __init__(self, token: str) -> None:
        parts = token.split(".")
        if len(parts) != 3:
            raise TokenError("not three segments")
        try:
            self.header: dict[str, Any] = json.loads(decode(parts[0]))
            self.claims: dict[str, Any] = json.loads(decode(parts[1]))
            self._signature = decode(parts[2])
        except ValueError as problem:
            raise TokenError(f"not base64url JSON: {problem}") from problem
        if not isinstance(self.header, dict) or not isinstance(self.claims, dict):
            raise TokenError("header and claims must be objects")
        self._signed = f"{parts[0]}.{parts[1]}".encode()

    def check(self, key: object) -> None:
        """Raises `TokenError` unless the RS256 or PS256 signature is by `key`, an RSA public key."""
        if not isinstance(key, rsa.RSAPublicKey):
            raise TokenError("only RSA keys sign tokens")
        scheme: AsymmetricPadding
        match self.header.get("alg"):
            case "RS256":
                scheme = padding.PKCS1v15()
            case "PS256":
                scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            case other:
                raise TokenError(f"unsupported algorithm {other!r}")
        try:
            key.verify(self._signature, self._signed, scheme, hashes.SHA256())
        except InvalidSignature as problem:
            raise TokenError("the signature does not fit") from problem


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The opposite of `encode`. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _segment(content: Mapping[str, Any]) -> str:
    return encode(json.dumps(content, separators=(",", ":")).encode())
