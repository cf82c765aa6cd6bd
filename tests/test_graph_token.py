"""Signing in: what is asked of the authority, and what its refusals mean in the product's own codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import requests_mock
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from actors.clients.errors import NotAuthenticated, Unavailable
from actors.clients.token import AppCredentials, MsalCredentials
from actors.clients.transport import RequestsTransport

AUTHORITY = "https://sign-in.test:8443"
TENANT_URL = f"{AUTHORITY}/tenant-1"
DISCOVERY = f"{TENANT_URL}/v2.0/.well-known/openid-configuration"
TOKEN = f"{TENANT_URL}/oauth2/v2.0/token"
SECRET = "s3cret~value"


@pytest.fixture
def http() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        mocker.get(
            DISCOVERY,
            json={
                "authorization_endpoint": f"{TENANT_URL}/oauth2/v2.0/authorize",
                "token_endpoint": TOKEN,
                "issuer": f"{TENANT_URL}/v2.0",
            },
        )
        yield mocker


def credentials(**settings: Any) -> MsalCredentials:
    given = {
        "tenant_id": "tenant-1",
        "client_id": "client-1",
        "client_secret": SECRET,
        "authority": AUTHORITY,
        "graph_url": "https://graph.test/v1.0",
    }
    return MsalCredentials(AppCredentials(**{**given, **settings}), RequestsTransport())


def granted(issued: str = "token-1") -> dict[str, Any]:
    return {"token_type": "Bearer", "expires_in": 3599, "access_token": issued}


def refused(code: str) -> dict[str, Any]:
    number = int(code.removeprefix("AADSTS"))
    return {"error": "invalid_client", "error_description": f"{code}: x", "error_codes": [number]}


def test_a_secret_gets_a_token_for_the_configured_graph(http: requests_mock.Mocker) -> None:
    http.post(TOKEN, json=granted())
    grant = credentials().acquire()
    assert (grant.secret, grant.seconds) == ("token-1", 3599.0)
    form = parse_qs(http.request_history[-1].text)
    assert form["client_id"] == ["client-1"]
    assert form["client_secret"] == [SECRET]
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["https://graph.test/.default"]


def test_making_the_credentials_does_no_io(http: requests_mock.Mocker) -> None:
    credentials()
    assert http.request_history == []


def test_every_token_is_a_new_one(http: requests_mock.Mocker) -> None:
    http.post(TOKEN, [{"json": granted("a")}, {"json": granted("b")}])
    source = credentials()
    assert [source.acquire().secret, source.acquire().secret] == ["a", "b"]


def test_a_mended_secret_is_noticed_at_once(http: requests_mock.Mocker) -> None:
    http.post(TOKEN, [{"status_code": 400, "json": refused("AADSTS7000215")}, {"json": granted()}])
    source = credentials()
    with pytest.raises(NotAuthenticated):
        source.acquire()
    assert source.acquire().secret == "token-1"


def test_a_certificate_signs_in_without_a_secret(http: requests_mock.Mocker, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    http.post(TOKEN, json=granted())
    source = credentials(client_secret="", certificate_path=str(path), certificate_thumbprint="AB" * 20)
    assert source.acquire().secret == "token-1"
    form = parse_qs(http.request_history[-1].text)
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert "client_secret" not in form


@pytest.mark.parametrize(
    ("code", "product_code"),
    [
        ("AADSTS7000222", "DSEX001"),
        ("AADSTS7000215", "DSEX002"),
        ("AADSTS700016", "DSEX003"),
        ("AADSTS90002", "DSEX004"),
        ("AADSTS900023", "DSEX004"),
        ("AADSTS65001", "DSEX005"),
        ("AADSTS53003", "DSEX005"),
    ],
)
@pytest.mark.parametrize("status", [400, 401])
def test_d7_a_refusal_has_the_product_s_own_code_and_a_remedy(
    http: requests_mock.Mocker, status: int, code: str, product_code: str
) -> None:
    http.post(TOKEN, status_code=status, json=refused(code))
    with pytest.raises(NotAuthenticated) as raised:
        credentials().acquire()
    assert raised.value.product_code == product_code
    assert raised.value.about.code == code
    assert raised.value.remedy
    assert SECRET not in f"{raised.value!s} {raised.value!r} {raised.value.remedy}"
    assert raised.value.__context__ is None, "what led to it quotes what was sent"


def test_d7_a_tenant_that_does_not_exist_is_refused_at_its_discovery(http: requests_mock.Mocker) -> None:
    http.get(DISCOVERY, status_code=400, json=refused("AADSTS90002"))
    with pytest.raises(NotAuthenticated) as raised:
        credentials().acquire()
    assert raised.value.product_code == "DSEX004"


@pytest.mark.parametrize(
    "missing",
    [
        {"tenant_id": ""},
        {"client_id": ""},
        {"client_secret": ""},
        {"client_secret": "", "certificate_path": "/x"},
    ],
)
def test_d7_incomplete_credentials_are_told_without_asking_anybody(
    http: requests_mock.Mocker, missing: dict[str, str]
) -> None:
    with pytest.raises(NotAuthenticated) as raised:
        credentials(**missing).acquire()
    assert raised.value.product_code == "DSEX006"
    assert http.request_history == []


def test_d7_a_certificate_file_that_cannot_be_read_names_the_setting(http: requests_mock.Mocker) -> None:
    source = credentials(client_secret="", certificate_path="/nowhere.pem", certificate_thumbprint="AB")
    with pytest.raises(NotAuthenticated) as raised:
        source.acquire()
    assert "microsoft365.certificate_path" in raised.value.remedy


@pytest.mark.parametrize(
    "failure",
    [
        {"status_code": 503, "headers": {"Retry-After": "30"}},
        {"status_code": 429, "headers": {"Retry-After": "30"}, "json": {"error": "throttled"}},
    ],
)
def test_d7_an_authority_that_is_busy_asks_for_patience(
    http: requests_mock.Mocker, failure: dict[str, Any]
) -> None:
    http.post(TOKEN, **failure)
    with pytest.raises(Unavailable) as raised:
        credentials().acquire()
    assert raised.value.retry_after == 30.0


@pytest.mark.parametrize("url", [DISCOVERY, TOKEN])
@pytest.mark.parametrize(
    "failure",
    [
        {"exc": requests.exceptions.ConnectTimeout(SECRET)},
        {"exc": requests.exceptions.ReadTimeout(SECRET)},
        {"text": "<html>captive portal</html>"},
        {"json": []},
        {"json": {"access_token": None}},
    ],
)
def test_d7_an_authority_that_does_not_answer_sensibly_is_unavailable(
    http: requests_mock.Mocker, url: str, failure: dict[str, Any]
) -> None:
    http.register_uri("GET" if url == DISCOVERY else "POST", url, **failure)
    with pytest.raises(Unavailable) as raised:
        credentials().acquire()
    assert SECRET not in str(raised.value)


def test_e_secrets_and_tokens_are_in_no_representation(http: requests_mock.Mocker) -> None:
    http.post(TOKEN, json=granted("very-secret-token"))
    settings = AppCredentials(tenant_id="t", client_id="c", client_secret=SECRET)
    assert SECRET not in repr(settings)
    assert "very-secret-token" not in repr(credentials().acquire())
    assert settings.scope == "https://graph.microsoft.com/.default"
