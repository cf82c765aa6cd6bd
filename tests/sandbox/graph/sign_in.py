"""Signing people in: the page with the form, authorization codes, PKCE and refresh tokens.

The page knows every seeded person and says the password: it is a sandbox.
"""

from __future__ import annotations

import hashlib
import hmac
import random as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode

from tests.sandbox.graph import aadsts
from tests.sandbox.graph.tenant import User
from tests.sandbox.graph.tokens import encode
from tests.sandbox.wire import Response

CODE_LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=90)

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in to your account</title>
<style>body{{font:16px system-ui;max-width:24rem;margin:4rem auto}}input{{display:block;width:100%;
box-sizing:border-box;padding:.5rem;margin:.25rem 0 1rem}}.problem{{color:#a00}}</style>
<h1>Sign in</h1>{problem}
<form method="post"><label>Address<input name="username" list="people" autocomplete="username"
 value="{hint}" required></label><datalist id="people">{people}</datalist>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form>
<p>This is a sandbox: everybody's password is <code>{password}</code>.</p></html>"""

FORM_POST = """<!doctype html><html><body onload="document.forms[0].submit()">
<form method="post" action="{action}">{fields}<noscript><button>Continue</button></noscript></form></html>"""

HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a person allowed, until the client fetches it."""

    user: User
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    challenge: str | None
    challenge_method: str
    expires: datetime


class SignIn:
    """Codes and refresh tokens that are out, and the pages around them."""

    def __init__(self, *, now: Callable[[], datetime], random: randomness.Random) -> None:
        self._now = now
        self._random = random
        self._codes: dict[str, Grant] = {}
        self._redeemed: set[str] = set()
        self._refresh: dict[str, Grant] = {}

    def page(
        self, asked: Mapping[str, str], *, people: Sequence[str], password: str, problem: str = ""
    ) -> Response:
        """The sign-in form, or a refusal sent back when the client wants no page (prompt=none)."""
        if asked.get("prompt") == "none":
            refusal = aadsts.interaction_required()
            return self._reply(asked, {"error": refusal.error, "error_description": str(refusal)})
        body = PAGE.format(
            problem=f'<p class="problem">{escape(problem)}</p>' if problem else "",
            hint=escape(asked.get("login_hint", ""), quote=True),
            people="".join(f'<option value="{escape(name, quote=True)}">' for name in people),
            password=escape(password),
        )
        return Response(status=200, headers=HTML, body=body.encode())

    def grant(self, asked: Mapping[str, str], user: User) -> Response:
        """Sends the person back to the application with a code."""
        if asked.get("response_type", "code") != "code":
            description = "AADSTS700054: response_type is not enabled for the application."
            return self._reply(
                asked, {"error": "unsupported_response_type", "error_description": description}
            )
        code = f"1.{encode(self._random.getrandbits(256).to_bytes(32, 'big'))}"
        self._codes[code] = Grant(
            user=user,
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            scope=asked.get("scope", ""),
            nonce=asked.get("nonce"),
            challenge=asked.get("code_challenge"),
            challenge_method=asked.get("code_challenge_method", "plain"),
            expires=self._now() + CODE_LIFETIME,
        )
        session = encode(self._random.getrandbits(128).to_bytes(16, "big"))
        return self._reply(asked, {"code": code, "session_state": session})

    def redeem(self, form: Mapping[str, str]) -> Grant:
        """The grant of an authorization code, once. Raises `SignInError`."""
        if not form.get("code"):
            raise aadsts.missing_parameter("code")
        code = form["code"]
        if code in self._redeemed:
            raise aadsts.used_code()
        grant = self._codes.get(code)
        if (
            grant is None
            or grant.client_id != form.get("client_id", grant.client_id)
            or grant.redirect_uri != form.get("redirect_uri")
            or grant.expires <= self._now()
        ):
            raise aadsts.unknown_code()
        _check_verifier(grant, form.get("code_verifier"))
        del self._codes[code]
        self._redeemed.add(code)
        return grant

    def refresh(self, form: Mapping[str, str]) -> Grant:
        """The grant of a refresh token. Raises `SignInError`."""
        if not form.get("refresh_token"):
            raise aadsts.missing_parameter("refresh_token")
        grant = self._refresh.get(form["refresh_token"])
        if grant is None or grant.expires <= self._now() or not grant.user.account_enabled:
            raise aadsts.unknown_code()
        return grant

    def refresh_token(self, grant: Grant) -> str:
        """A new refresh token for this grant."""
        token = f"1.{encode(self._random.getrandbits(384).to_bytes(48, 'big'))}"
        self._refresh[token] = Grant(
            user=grant.user,
            client_id=grant.client_id,
            redirect_uri=grant.redirect_uri,
            scope=grant.scope,
            nonce=grant.nonce,
            challenge=None,
            challenge_method="plain",
            expires=self._now() + REFRESH_LIFETIME,
        )
        return token

    def signed_out(self, asked: Mapping[str, str]) -> Response:
        """Back to where the application wants people after signing out."""
        target = asked.get("post_logout_redirect_uri")
        if target and target.startswith(("http://", "https://")):
            return Response(status=302, headers={"location": target})
        return Response(status=200, headers=HTML, body=b"<p>You signed out of your account.</p>")

    def _reply(self, asked: Mapping[str, str], values: dict[str, str]) -> Response:
        if "state" in asked:
            values["state"] = asked["state"]
        target = asked["redirect_uri"]
        match asked.get("response_mode", "query"):
            case "form_post":
                fields = "".join(
                    f'<input type="hidden" name="{name}" value="{escape(value, quote=True)}">'
                    for name, value in values.items()
                )
                body = FORM_POST.format(action=escape(target, quote=True), fields=fields)
                return Response(status=200, headers=HTML, body=body.encode())
            case "fragment":
                location = f"{target}#{urlencode(values)}"
            case _:
                location = f"{target}{'&' if '?' in target else '?'}{urlencode(values)}"
        return Response(status=302, headers={"location": location, "cache-control": "no-store"})


def _check_verifier(grant: Grant, verifier: str | None) -> None:
    if grant.challenge is None:
        return
    given = verifier or ""
    if grant.challenge_method == "S256":
        given = encode(hashlib.sha256(given.encode()).digest())
    if not hmac.compare_digest(given.encode(), grant.challenge.encode()):
        raise aadsts.wrong_verifier()
