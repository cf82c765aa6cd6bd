"""The local authority: what msal gets from it, how it refuses, and how people sign in."""

from __future__ import annotations

import datetime as dates
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.sandbox.background import Background, background
from tests.sandbox.graph.application import SecretState
from tests.sandbox.graph.authority import Authority
from tests.sandbox.graph.tenant import Tenant
from tests.sandbox.services import Services
from tests.sandbox.wire import Request, Response

SCOPE = "https://graph.microsoft.com/.default"
NOW = dates.datetime(2026, 11, 23, 9, 0, tzinfo=dates.UTC)
REDIRECT = "http://127.0.0.1:8420/signin"
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def authority() -> Authority:
    """An authority for one tenant with two people, at a fixed time."""
    tenant = Tenant(now=lambda: NOW, random=Random(1))
    tenant.add_user("Anna Jansen", "anna@contoso.test")
    tenant.add_user("Bram Peeters", "bram@contoso.test")
    return Authority(tenant=tenant, now=lambda: NOW, random=Random(2))


def ask(authority: Authority, path: str, **form: str) -> Response:
    """A token request to the tenant, or to whatever path is given."""
    return authority.handle(
        Request(method="POST", path=path, headers={"host": "login.test"}, body=urlencode(form).encode())
    )


def token_path(authority: Authority) -> str:
    return f"/{authority.tenant_id}/oauth2/v2.0/token"


def application_form(authority: Authority, **changes: str) -> dict[str, str]:
    form = {
        "client_id": authority.application.client_id,
        "client_secret": authority.application.secret,
        "scope": SCOPE,
        "grant_type": "client_credentials",
        **changes,
    }
    return {name: value for name, value in form.items() if value}


def test_a_client_secret_buys_a_signed_token_with_the_consented_roles(authority: Authority) -> None:
    response = ask(authority, token_path(authority), **application_form(authority))
    answer = response.json()
    assert response.status == 200
    assert set(answer) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert answer["token_type"] == "Bearer"
    key = jwt.PyJWK.from_dict(authority.key.public_jwk)
    claims = jwt.decode(
        answer["access_token"],
        key,
        algorithms=["RS256"],
        audience="https://graph.microsoft.com",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert claims["roles"] == ["Calendars.ReadWrite", "User.Read.All", "MailboxSettings.Read"]
    assert claims["tid"] == authority.tenant_id
    assert claims["appid"] == authority.application.client_id
    assert claims["exp"] - claims["iat"] == answer["expires_in"]


REFUSALS: list[tuple[str, dict[str, str], int, int, str]] = [
    ("a wrong secret", {"client_secret": "wrong"}, 401, 7000215, "invalid_client"),
    ("no secret", {"client_secret": ""}, 401, 7000218, "invalid_client"),
    (
        "an unknown application",
        {"client_id": "00000000-0000-0000-0000-00000000000a"},
        400,
        700016,
        "unauthorized_client",
    ),
    ("no scope", {"scope": ""}, 400, 90014, "invalid_request"),
    ("a scope without .default", {"scope": "User.Read"}, 400, 1002012, "invalid_scope"),
    ("another resource", {"scope": "https://vault.azure.net/.default"}, 400, 500011, "invalid_resource"),
    ("no grant type", {"grant_type": ""}, 400, 900144, "invalid_request"),
    ("an unknown grant type", {"grant_type": "password"}, 400, 70003, "unsupported_grant_type"),
]


@pytest.mark.parametrize(
    ("changes", "status", "number", "error"),
    [case[1:] for case in REFUSALS],
    ids=[case[0] for case in REFUSALS],
)
def test_a_refusal_reads_like_those_of_entra(
    authority: Authority, changes: dict[str, str], status: int, number: int, error: str
) -> None:
    response = ask(authority, token_path(authority), **application_form(authority, **changes))
    answer = response.json()
    assert response.status == status
    assert answer["error"] == error
    assert answer["error_codes"] == [number]
    assert answer["timestamp"] == "2026-11-23 09:00:00Z"
    assert answer["error_uri"].endswith(f"/error?code={number}")
    assert re.fullmatch(
        rf"AADSTS{number}: .* Trace ID: {GUID} Correlation ID: {GUID} Timestamp: 2026-11-23 09:00:00Z",
        answer["error_description"],
    )
    assert answer["trace_id"] in answer["error_description"]


def test_an_expired_secret_and_a_rotated_one_are_told_apart(authority: Authority) -> None:
    form = application_form(authority)
    authority.application.secret_state = SecretState.EXPIRED
    assert ask(authority, token_path(authority), **form).json()["error_codes"] == [7000222]
    authority.application.secret_state = SecretState.ROTATED
    authority.application.secret = authority.new_secret()
    assert ask(authority, token_path(authority), **form).json()["error_codes"] == [7000215]
    assert ask(authority, token_path(authority), **application_form(authority)).status == 200


@pytest.mark.parametrize(
    ("tenant", "number"),
    [("11111111-2222-3333-4444-555555555555", 90002), ("other.test", 90002), ("nonsense", 900023)],
)
def test_an_unknown_tenant_is_refused_at_every_endpoint(
    authority: Authority, tenant: str, number: int
) -> None:
    token = ask(authority, f"/{tenant}/oauth2/v2.0/token", **application_form(authority))
    discovery = authority.handle(
        Request(method="GET", path=f"/{tenant}/v2.0/.well-known/openid-configuration")
    )
    assert token.json()["error_codes"] == discovery.json()["error_codes"] == [number]
    assert token.status == discovery.status == 400


@pytest.mark.parametrize(
    "path", ["/v2.0/.well-known/openid-configuration", "/.well-known/openid-configuration"]
)
def test_the_configuration_names_endpoints_under_the_address_that_was_asked(
    authority: Authority, path: str
) -> None:
    request = Request(method="GET", path=f"/contoso.test{path}", headers={"host": "localhost:8443"})
    configuration = authority.handle(request).json()
    base = f"https://localhost:8443/{authority.tenant_id}"
    assert configuration["token_endpoint"] == f"{base}/oauth2/v2.0/token"
    assert configuration["authorization_endpoint"] == f"{base}/oauth2/v2.0/authorize"
    assert configuration["issuer"] == f"{base}/v2.0"
    keys = authority.handle(Request(method="GET", path=urlsplit(configuration["jwks_uri"]).path)).json()
    assert keys["keys"][0]["kid"] == authority.key.public_jwk["kid"]


def test_an_authority_that_is_down_answers_503_without_json(authority: Authority) -> None:
    authority.up = False
    response = ask(authority, token_path(authority), **application_form(authority))
    assert response.status == 503
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()


def test_a_disabled_application_gets_no_token(authority: Authority) -> None:
    authority.application.enabled = False
    answer = ask(authority, token_path(authority), **application_form(authority)).json()
    assert answer["error_codes"] == [7000112]


# Certificates.


def certificate() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "connector")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dates.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return key, signed


@pytest.fixture(scope="module")
def registered() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A key and its certificate."""
    return certificate()


def assertion(authority: Authority, key: rsa.RSAPrivateKey, thumbprint: bytes, **changes: Any) -> str:
    now = int(NOW.timestamp())
    claims = {
        "aud": f"https://login.test{token_path(authority)}",
        "iss": authority.application.client_id,
        "sub": authority.application.client_id,
        "exp": now + 600,
        "nbf": now,
        "jti": "1",
        **changes,
    }
    encoded = jwt.utils.base64url_encode(thumbprint).decode()
    return jwt.encode(claims, key, algorithm="RS256", headers={"x5t": encoded})


def with_assertion(authority: Authority, signed: str) -> Response:
    form = application_form(authority, client_secret="") | {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
    }
    return ask(authority, token_path(authority), **form)


def public(signed: x509.Certificate) -> str:
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def test_an_assertion_signed_with_a_registered_certificate_buys_a_token(
    authority: Authority, registered: tuple[rsa.RSAPrivateKey, x509.Certificate]
) -> None:
    key, signed = registered
    thumbprint = bytes.fromhex(authority.application.register(public(signed)))
    response = with_assertion(authority, assertion(authority, key, thumbprint))
    assert response.status == 200
    assert authority.key.claims_of(response.json()["access_token"])["appidacr"] == "2"


def test_an_assertion_is_checked_in_every_respect(
    authority: Authority, registered: tuple[rsa.RSAPrivateKey, x509.Certificate]
) -> None:
    key, signed = registered
    thumbprint = bytes.fromhex(authority.application.register(public(signed)))
    stranger, _ = certificate()
    late = int(NOW.timestamp()) - 1
    refused = {
        700027: [
            assertion(authority, key, b"\0" * 20),
            assertion(authority, stranger, thumbprint),
        ],
        700024: [assertion(authority, key, thumbprint, exp=late)],
        700023: [assertion(authority, key, thumbprint, aud="https://elsewhere.test/token")],
        700021: [assertion(authority, key, thumbprint, sub="somebody")],
        50027: ["not.a-token", "a.b.c"],
    }
    for number, assertions in refused.items():
        for one in assertions:
            assert with_assertion(authority, one).json()["error_codes"] == [number]


# People.


def sign_in_query(authority: Authority, **changes: str) -> str:
    return urlencode(
        {
            "client_id": authority.application.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "openid profile offline_access",
            "state": "s-1",
            "nonce": "n-1",
            **changes,
        }
    )


def visit_sign_in(authority: Authority, query: str, **form: str) -> Response:
    path = f"/{authority.tenant_id}/oauth2/v2.0/authorize"
    if not form:
        return authority.handle(Request(method="GET", path=path, query=query))
    return authority.handle(Request(method="POST", path=path, query=query, body=urlencode(form).encode()))


def code_of(response: Response) -> str:
    assert response.status == 302
    answer = parse_qs(urlsplit(response.headers["location"]).query)
    assert answer["state"] == ["s-1"]
    return answer["code"][0]


def exchange(authority: Authority, code: str, **changes: str) -> Response:
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "scope": "openid"}
    form = application_form(authority, **{**asked, **changes})
    return ask(authority, token_path(authority), **form)


def test_a_person_signs_in_and_the_client_learns_who_it_is(authority: Authority) -> None:
    query = sign_in_query(authority)
    assert b"<form" in visit_sign_in(authority, query).body
    code = code_of(visit_sign_in(authority, query, username="ANNA@contoso.test", password=authority.password))
    tokens = exchange(authority, code).json()
    identity = authority.key.claims_of(tokens["id_token"])
    assert identity["preferred_username"] == "anna@contoso.test"
    assert identity["nonce"] == "n-1"
    assert identity["aud"] == authority.application.client_id
    info = authority.handle(
        Request(
            method="GET", path="/oidc/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
        )
    )
    assert info.json()["email"] == "anna@contoso.test"
    again = application_form(
        authority, grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope="openid"
    )
    assert "access_token" in ask(authority, token_path(authority), **again).json()


def test_a_code_is_good_for_one_exchange_at_the_same_reply_address(authority: Authority) -> None:
    query = sign_in_query(authority)
    code = code_of(visit_sign_in(authority, query, username="anna@contoso.test", password=authority.password))
    elsewhere = exchange(authority, code, redirect_uri="http://127.0.0.1/elsewhere")
    assert elsewhere.json()["error_codes"] == [70008]
    assert exchange(authority, code).status == 200
    assert exchange(authority, code).json()["error_codes"] == [54005]


def test_a_wrong_password_leads_back_to_the_form(authority: Authority) -> None:
    response = visit_sign_in(
        authority, sign_in_query(authority), username="anna@contoso.test", password="guessed"
    )
    assert response.status == 200
    assert b"AADSTS50126" in response.body


def test_a_reply_address_that_nobody_registered_is_refused(authority: Authority) -> None:
    query = sign_in_query(authority, redirect_uri="https://evil.test/")
    assert visit_sign_in(authority, query).json()["error_codes"] == [50011]


def test_pkce_needs_the_verifier_that_began_the_flow(authority: Authority) -> None:
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    query = sign_in_query(authority, code_challenge=challenge, code_challenge_method="S256")
    form = {"username": "bram@contoso.test", "password": authority.password}
    code = code_of(visit_sign_in(authority, query, **form))
    assert exchange(authority, code, code_verifier="wrong").json()["error_codes"] == [501481]
    assert exchange(authority, code, code_verifier=verifier).status == 200


def test_the_sign_in_page_does_not_let_markup_in(authority: Authority) -> None:
    page = visit_sign_in(authority, sign_in_query(authority, login_hint='"><script>')).body
    assert b"<script>" not in page


def test_a_silent_sign_in_is_refused_when_nobody_is_signed_in(authority: Authority) -> None:
    response = visit_sign_in(authority, sign_in_query(authority, prompt="none"))
    assert parse_qs(urlsplit(response.headers["location"]).query)["error"] == ["login_required"]


# msal itself, over TLS.


@pytest.fixture(scope="module")
def running() -> Iterator[Background]:
    """The sandbox on real sockets, with nobody but one person."""
    services = Services(company="empty")
    services.tenant.add_user("Anna Jansen", "anna@contoso.test")
    with background(services) as sandbox:
        yield sandbox


@pytest.fixture
def client(running: Background, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes an msal client for the running authority."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would override verify= (facts §6.2)
        monkeypatch.delenv(name, raising=False)
    authority = running.services.authority

    def make(credential: Any = None, **options: Any) -> Any:
        address = f"{running.shell.urls['authority']}/{authority.tenant_id}"
        options.setdefault("authority", address)
        options.setdefault("instance_discovery", False)
        return msal.ConfidentialClientApplication(
            authority.application.client_id,
            client_credential=credential or authority.application.secret,
            verify=str(running.shell.certificates.ca_bundle),
            **options,
        )

    return make


@pytest.mark.timeout(30)
def test_msal_gets_a_token_once_and_then_from_its_cache(client: Callable[..., Any]) -> None:
    application = client()
    first = application.acquire_token_for_client([SCOPE])
    second = application.acquire_token_for_client([SCOPE])
    assert first["token_source"] == "identity_provider"
    assert second["token_source"] == "cache"
    assert second["access_token"] == first["access_token"]


@pytest.mark.timeout(30)
def test_msal_reports_a_wrong_secret_as_entra_words_it(client: Callable[..., Any]) -> None:
    answer = client("wrong").acquire_token_for_client([SCOPE])
    assert answer["error"] == "invalid_client"
    assert answer["error_description"].startswith("AADSTS7000215: ")


@pytest.mark.timeout(30)
def test_msal_finds_the_authority_by_its_issuer(running: Background, client: Callable[..., Any]) -> None:
    authority = running.services.authority
    address = f"{running.shell.urls['authority']}/{authority.tenant_id}"
    application = client(authority=None, instance_discovery=None, oidc_authority=address)
    assert "access_token" in application.acquire_token_for_client([SCOPE])


@pytest.mark.timeout(30)
@pytest.mark.parametrize("by", ["public_certificate", "thumbprint"])
def test_msal_signs_in_with_a_certificate(
    running: Background,
    client: Callable[..., Any],
    registered: tuple[rsa.RSAPrivateKey, x509.Certificate],
    by: str,
) -> None:
    key, signed = registered
    thumbprint = running.call(lambda: running.services.authority.application.register(public(signed)))
    running.call(lambda: running.services.clock.set(dates.datetime.now(dates.UTC)))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    credential = {"private_key": private}
    credential |= {by: public(signed) if by == "public_certificate" else thumbprint}
    answer = client(credential).acquire_token_for_client([SCOPE])
    assert answer.get("error_description") is None
    assert "access_token" in answer


@pytest.mark.timeout(30)
def test_msal_signs_a_person_in_through_the_page(running: Background, client: Callable[..., Any]) -> None:
    application = client()
    flow = application.initiate_auth_code_flow(
        ["User.Read"], redirect_uri=REDIRECT, response_mode="form_post"
    )
    page = requests.post(
        flow["auth_uri"],
        data={"username": "anna@contoso.test", "password": running.services.authority.password},
        verify=str(running.shell.certificates.ca_bundle),
        timeout=10,
    )
    returned = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    answer = application.acquire_token_by_auth_code_flow(flow, returned)
    assert answer["id_token_claims"]["preferred_username"] == "anna@contoso.test"
    assert "access_token" in answer


def test_the_ca_bundle_is_a_file_with_one_certificate_and_no_key(running: Background) -> None:
    text = Path(running.shell.certificates.ca_bundle).read_text()
    assert text.count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE KEY" not in text


def test_the_same_seed_registers_the_same_application() -> None:
    one, other = Services(seed=7, company="empty"), Services(seed=7, company="empty")
    assert one.authority.application.secret == other.authority.application.secret
    assert json.dumps(one.authority.tenant_id) == json.dumps(other.authority.tenant_id)
