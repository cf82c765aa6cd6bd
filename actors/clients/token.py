"""Tokens for Graph by the application's own credentials (facts §6).

Getting one is network I/O from the first line on, so it happens on a sender, never on an actor's turn.
Each is asked for by an msal application of its own: msal's caches know neither that Graph has refused a token
nor that a secret has been mended, and a discovery an hour costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msal

from actors.clients.access import Grant
from actors.clients.codes import plain_code
from actors.clients.errors import About, NotAuthenticated, Problem, Unavailable
from actors.clients.policies import retry_after
from actors.clients.transport import Answer, AnswerLost, Call, ConnectFailed, NoAnswer, Transport

SERVICE: Final = "sign-in"
SIGN_IN_SECONDS: Final = 30.0

MICROSOFT_AUTHORITIES: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)
"""The authorities of the clouds (facts §6.5); msal knows them without asking."""

EXPIRED_SECRET, WRONG_SECRET, UNKNOWN_CLIENT = "DSEX001", "DSEX002", "DSEX003"
UNKNOWN_TENANT, REFUSED, INCOMPLETE = "DSEX004", "DSEX005", "DSEX006"

PRODUCT_CODES: Final[Mapping[str, str]] = {
    "AADSTS7000222": EXPIRED_SECRET,
    "AADSTS7000215": WRONG_SECRET,
    "AADSTS700016": UNKNOWN_CLIENT,
    "AADSTS90002": UNKNOWN_TENANT,
    "AADSTS900023": UNKNOWN_TENANT,
}
"""Entra's codes and the product's own (facts, Dime.Scheduler §1.10)."""

REMEDIES: Final[Mapping[str, str]] = {
    EXPIRED_SECRET: "make a new client secret in Entra ID and set microsoft365.client_secret",
    WRONG_SECRET: "set microsoft365.client_secret to the secret's value, not to its id",
    UNKNOWN_CLIENT: "set microsoft365.client_id to the application (client) id of this tenant's registration",
    UNKNOWN_TENANT: "set microsoft365.tenant_id to the directory (tenant) id",
    REFUSED: "look up the AADSTS code in Entra ID's sign-in log and mend the app registration",
    INCOMPLETE: (
        "set microsoft365.tenant_id, client_id and either client_secret or certificate_path with "
        "certificate_thumbprint"
    ),
}

_AADSTS = re.compile(r"AADSTS\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredentials:
    """The settings of `[microsoft365]` that sign the application in."""

    tenant_id: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    certificate_path: str = ""
    """A PEM file with the private key; used where there is no secret."""
    certificate_thumbprint: str = ""
    authority: str = "https://login.microsoftonline.com"
    graph_url: str = "https://graph.microsoft.com/v1.0"

    @property
    def scope(self) -> str:
        """Everything that the application was given consent to, on this cloud's Graph."""
        return "://".join(urlsplit(self.graph_url)[:2]) + "/.default"


class MsalCredentials:
    """Grants from the Microsoft identity platform."""

    def __init__(self, settings: AppCredentials, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport

    def acquire(self) -> Grant:
        http = _Http(self._transport)
        credential = self._credential()
        try:
            result = self._application(credential, http).acquire_token_for_client([self._settings.scope])
        except NoAnswer as error:
            problem: Problem = Unavailable(
                About(service=SERVICE, code=type(error).__name__),
                reached=not isinstance(error, ConnectFailed),
            )
        except Exception as error:  # noqa: BLE001 - msal raises whatever its parsing meets; a caller needs one kind
            problem = _problem(http.failed, kind=type(error).__name__)
        else:
            token, seconds = result.get("access_token"), result.get("expires_in")
            if isinstance(token, str) and isinstance(seconds, (int, float)):
                return Grant(secret=token, seconds=float(seconds))
            problem = _problem(http.failed, kind=plain_code(result.get("error")))
        raise problem  # outside the handler: msal's errors quote what was sent

    def _application(self, credential: str | dict[str, str], http: _Http) -> Any:  # noqa: ANN401 - msal has no types
        settings = self._settings
        host = urlsplit(settings.authority).hostname
        return msal.ConfidentialClientApplication(
            settings.client_id,
            client_credential=credential,
            authority=f"{settings.authority.rstrip('/')}/{settings.tenant_id}",
            instance_discovery=None if host in MICROSOFT_AUTHORITIES else False,
            http_client=http,
        )

    def _credential(self) -> str | dict[str, str]:
        settings = self._settings
        if settings.tenant_id and settings.client_id and settings.client_secret:
            return settings.client_secret
        if not all(
            (
                settings.tenant_id,
                settings.client_id,
                settings.certificate_path,
                settings.certificate_thumbprint,
            )
        ):
            raise _refusal(INCOMPLETE)
        try:
            key = Path(settings.certificate_path).read_text(encoding="ascii")
        except (OSError, ValueError):
            raise _refusal(INCOMPLETE, "make the file at microsoft365.certificate_path readable") from None
        return {"private_key": key, "thumbprint": settings.certificate_thumbprint}


class _Http:
    """What msal calls its http client, on the transport that everything else uses."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.failed: Answer | None = None
        """The last answer that was no success."""

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> _Response:
        return self._send("GET", url, params, headers, b"")

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Response:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, params, {**form, **(headers or {})}, urlencode(data or {}).encode())

    def close(self) -> None:
        """Nothing to close: the transport is not this object's."""

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes,
    ) -> _Response:
        full = f"{url}?{urlencode(params)}" if params else url
        answer = self._transport.send(
            Call(method=method, url=full, headers=headers or {}, body=body, timeout=SIGN_IN_SECONDS)
        )
        if answer.status != HTTPStatus.OK:
            self.failed = answer
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and not _is_json(answer.body):
            # msal would write the text of such an answer to the log: it may hold a token
            raise AnswerLost("unreadable")
        return _Response(answer)


class _Response:
    """What msal takes for a response."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = dict(answer.headers)
        self.text = answer.body.decode("utf-8", errors="replace")

    def raise_for_status(self) -> None:
        """Raise if the status is an error. msal tells errors apart by the status alone."""
        if self.status_code >= HTTPStatus.BAD_REQUEST:
            raise OSError(self.status_code)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _problem(answer: Answer | None, *, kind: str) -> Problem:
    """What a refusal by the authority means; without one, that its answer could not be used."""
    if answer is None:
        return Unavailable(About(service=SERVICE, code=kind))
    about = About(service=SERVICE, status=answer.status, code=kind)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(about, retry_after=retry_after(answer.headers))
    found = _AADSTS.search(answer.body.decode("utf-8", errors="replace"))
    code = found.group() if found else kind
    product_code = PRODUCT_CODES.get(code, REFUSED)
    about = About(service=SERVICE, status=answer.status, code=code)
    return NotAuthenticated(about, product_code=product_code, remedy=REMEDIES[product_code])


def _refusal(product_code: str, remedy: str = "") -> NotAuthenticated:
    return NotAuthenticated(
        About(service=SERVICE), product_code=product_code, remedy=remedy or REMEDIES[product_code]
    )
