"""Entra for one tenant: discovery, keys, and tokens for applications and for people (facts §6.1, §6.2).

The tenant has one registered application. What its administrator may do to it (let the secret expire, change
it, take roles away, disable it) is state of `Application`; `up` is the whole service.
"""

from __future__ import annotations

import hashlib
import json
import random as randomness
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.sandbox.graph import aadsts
from tests.sandbox.graph.aadsts import SignInError
from tests.sandbox.graph.application import Application, Credentials
from tests.sandbox.graph.sign_in import Grant, SignIn
from tests.sandbox.graph.tenant import Tenant, User
from tests.sandbox.graph.tokens import SigningKey, TokenError, encode
from tests.sandbox.wire import Request, Response

GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
DELEGATED_SCOPES = "Calendars.ReadWrite User.Read openid profile email"
TOKEN_SECONDS = 3599
JSON_TYPE = {"content-type": "application/json; charset=utf-8"}
TOKEN_HEADERS = {**JSON_TYPE, "cache-control": "no-store, no-cache", "pragma": "no-cache"}


class Authority:
    """The sign-in service of one tenant."""

    def __init__(
        self,
        *,
        tenant: Tenant,
        now: Callable[[], datetime],
        random: randomness.Random,
        key: SigningKey | None = None,
    ) -> None:
        self._now = now
        self._random = random
        self.tenant = tenant
        self.tenant_id = self._guid()
        self.key = key or SigningKey()
        self.application = Application(
            client_id=self._guid(),
            secret=self.new_secret(),
            service_principal=self._guid(),
        )
        self.up = True
        self.token_seconds = TOKEN_SECONDS
        self.password = f"Sandbox-{random.randrange(10**6):06d}"
        """What every seeded person signs in with."""
        self.sign_in = SignIn(now=now, random=random)

    def new_secret(self) -> str:
        """A client secret of the shape that Entra generates."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
        return "".join(self._random.choice(alphabet) for _ in range(40))

    def handle(self, request: Request) -> Response:
        """The answer to any request under the authority's address."""
        if not self.up:
            return Response(
                status=503,
                headers={"content-type": "text/html"},
                body=b"<html><body>Service unavailable</body></html>",
            )
        base = f"https://{request.headers.get('host', 'login.microsoftonline.com')}"
        try:
            return self._route(request, base)
        except SignInError as refusal:
            return aadsts.refusal_response(
                refusal,
                now=self._now(),
                random=self._random,
                correlation=request.headers.get("client-request-id"),
                authority=base,
            )

    def _route(self, request: Request, base: str) -> Response:
        segments = [unquote(part) for part in request.path.split("/") if part]
        match request.method, segments:
            case "GET" | "POST", ["oidc", "userinfo"]:
                return self._user_info(request)
            case "GET", [tenant, ".well-known" | "v2.0", *rest] if rest in (
                ["openid-configuration"],
                [".well-known", "openid-configuration"],
            ):
                self._check_tenant(tenant)
                return _json(self._configuration(base))
            case "GET", [tenant, "discovery", *_, "keys"]:
                self._check_tenant(tenant)
                return _json({"keys": [{**self.key.public_jwk, "issuer": self.issuer(base)}]})
            case "POST", [tenant, "oauth2", "v2.0", "token"]:
                self._check_tenant(tenant)
                return self._token(request, base)
            case "GET" | "POST", [tenant, "oauth2", "v2.0", "authorize"]:
                self._check_tenant(tenant)
                return self._authorize(request)
            case "GET", [tenant, "oauth2", "v2.0", "logout"]:
                self._check_tenant(tenant)
                return self.sign_in.signed_out(_single(request.query))
            case _:
                return Response(status=404, headers={"content-type": "text/html"}, body=b"")

    def issuer(self, base: str) -> str:
        """Who signs the tokens for people."""
        return f"{base}/{self.tenant_id}/v2.0"

    def _check_tenant(self, name: str) -> None:
        if name.lower() in (self.tenant_id, self.tenant.domain):
            return
        try:
            uuid.UUID(name)
        except ValueError:
            if "." not in name:
                raise aadsts.malformed_tenant(name) from None
        raise aadsts.unknown_tenant(name)

    def _configuration(self, base: str) -> dict[str, Any]:
        endpoints = f"{base}/{self.tenant_id}/oauth2/v2.0"
        return {
            "token_endpoint": f"{endpoints}/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/{self.tenant_id}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer(base),
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"{base}/oidc/userinfo",
            "authorization_endpoint": f"{endpoints}/authorize",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{endpoints}/logout",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "oid",
                "email",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }

    def _token(self, request: Request, base: str) -> Response:
        form = _single(request.body.decode("utf-8", "replace"))
        shown = Credentials.read(form, request.headers)
        if not shown.client_id:
            raise aadsts.missing_parameter("client_id")
        grant = form.get("grant_type")
        if not grant:
            raise aadsts.missing_parameter("grant_type")
        if grant not in ("client_credentials", "authorization_code", "refresh_token"):
            raise aadsts.unsupported_grant(grant)
        self.application.check(
            shown, audience=f"{base}/{self.tenant_id}/", directory=self.tenant.domain, now=self._now()
        )
        match grant:
            case "client_credentials":
                return self._application_token(form)
            case "authorization_code":
                return self._person_tokens(self.sign_in.redeem(form), form, base)
            case _:
                return self._person_tokens(self.sign_in.refresh(form), form, base)

    def _application_token(self, form: Mapping[str, str]) -> Response:
        scope = form.get("scope", "").strip()
        if not scope:
            raise aadsts.missing_scope()
        resource, dot, rest = scope.partition("/.default")
        if not dot or rest:
            raise aadsts.scope_without_default(scope)
        if resource.rstrip("/") not in (GRAPH, GRAPH_APP_ID) and not _is_loopback(resource):
            raise aadsts.unknown_resource(resource, self.tenant.domain)
        with_certificate = "client_assertion" in form
        token = self.application_token(with_certificate=with_certificate)
        seconds = self.token_seconds
        content = {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        }
        return Response(status=200, headers=TOKEN_HEADERS, body=json.dumps(content).encode())

    def application_token(self, *, with_certificate: bool = False) -> str:
        """An access token for Graph, of the application itself."""
        application = self.application
        claims = self._graph_claims() | {
            "appidacr": "2" if with_certificate else "1",
            "idtyp": "app",
            "oid": application.service_principal,
            "sub": application.service_principal,
        }
        if application.roles:
            claims["roles"] = list(application.roles)
        return self.key.sign(claims)

    def _graph_claims(self) -> dict[str, Any]:
        issued = int(self._now().timestamp())
        tenant_issuer = f"https://sts.windows.net/{self.tenant_id}/"
        return {
            "aud": GRAPH,
            "iss": tenant_issuer,
            "iat": issued,
            "nbf": issued,
            "exp": issued + self.token_seconds,
            "app_displayname": self.application.name,
            "appid": self.application.client_id,
            "idp": tenant_issuer,
            "tid": self.tenant_id,
            "uti": encode(self._random.getrandbits(128).to_bytes(16, "big")),
            "ver": "1.0",
        }

    def _authorize(self, request: Request) -> Response:
        asked = _single(request.query)
        client_id = asked.get("client_id", "")
        if client_id != self.application.client_id:
            raise aadsts.unknown_application(client_id, self.tenant.domain)
        uri = asked.get("redirect_uri", "")
        if uri not in self.application.redirect_uris and not _is_loopback(uri):
            raise aadsts.wrong_redirect(uri, client_id)
        if request.method == "GET":
            return self.sign_in.page(asked, people=self._people(), password=self.password)
        form = _single(request.body.decode("utf-8", "replace"))
        user = self.tenant.find_user(form.get("username", "").strip())
        if user is None or not user.account_enabled or form.get("password") != self.password:
            return self.sign_in.page(
                asked,
                people=self._people(),
                password=self.password,
                problem=f"AADSTS{aadsts.wrong_password().number}: Your account or password is incorrect.",
            )
        return self.sign_in.grant(asked, user)

    def _people(self) -> list[str]:
        return [user.user_principal_name for user in self.tenant.users.values() if user.account_enabled]

    def _person_tokens(self, grant: Grant, form: Mapping[str, str], base: str) -> Response:
        user = grant.user
        content: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": DELEGATED_SCOPES,
            "expires_in": self.token_seconds,
            "ext_expires_in": self.token_seconds,
            "access_token": self.person_token(user),
            "id_token": self.key.sign(self._id_claims(user, grant, base)),
        }
        if "offline_access" in grant.scope.split():
            content["refresh_token"] = self.sign_in.refresh_token(grant)
        if form.get("client_info"):
            identity = {"uid": user.id, "utid": self.tenant_id}
            content["client_info"] = encode(json.dumps(identity).encode())
        return Response(status=200, headers=TOKEN_HEADERS, body=json.dumps(content).encode())

    def person_token(self, user: User) -> str:
        """An access token for Graph, on behalf of a person."""
        return self.key.sign(
            self._graph_claims()
            | {
                "idtyp": "user",
                "oid": user.id,
                "sub": self._pairwise(user),
                "name": user.display_name,
                "given_name": user.given_name,
                "family_name": user.surname,
                "upn": user.user_principal_name,
                "unique_name": user.user_principal_name,
                "scp": DELEGATED_SCOPES,
            }
        )

    def _id_claims(self, user: User, grant: Grant, base: str) -> dict[str, Any]:
        issued = int(self._now().timestamp())
        claims = {
            "ver": "2.0",
            "iss": self.issuer(base),
            "sub": self._pairwise(user),
            "aud": self.application.client_id,
            "exp": issued + 3600,
            "iat": issued,
            "nbf": issued,
            "name": user.display_name,
            "preferred_username": user.user_principal_name,
            "oid": user.id,
            "email": user.mail,
            "nonce": grant.nonce,
            "tid": self.tenant_id,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def _pairwise(self, user: User) -> str:
        mixed = f"{self.application.client_id}/{user.id}".encode()
        return encode(hashlib.sha256(mixed).digest())

    def _user_info(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            claims = self.key.claims_of(token) if scheme.lower() == "bearer" else {}
        except TokenError:
            claims = {}
        user = self.tenant.find_user(str(claims.get("oid", "")))
        if user is None or float(claims.get("exp", 0)) <= self._now().timestamp():
            return Response(
                status=401,
                headers={**JSON_TYPE, "www-authenticate": 'Bearer error="invalid_token"'},
                body=b'{"error":{"code":"InvalidAuthenticationToken","message":"Access token is invalid."}}',
            )
        return _json(
            {
                "sub": self._pairwise(user),
                "name": user.display_name,
                "given_name": user.given_name,
                "family_name": user.surname,
                "email": user.mail,
            }
        )

    def _guid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _json(content: Any) -> Response:
    return Response(status=200, headers=JSON_TYPE, body=json.dumps(content).encode())


def _single(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _is_loopback(uri: str) -> bool:
    return urlsplit(uri).hostname in ("localhost", "127.0.0.1", "::1")
