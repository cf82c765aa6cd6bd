"""From settings to what the application is put together from."""

from __future__ import annotations

from actors.clients.token import AppCredentials, MsalCredentials
from actors.clients.transport import RequestsTransport
from actors.gateways import Outside
from models.settings.fingerprint import judging_fingerprint
from models.settings.sections import Settings
from models.storage.changes import DropDeltaState, PutMeta
from models.storage.store import Store

JUDGED_BY = "judged_by"
"""Names, in the store's meta table, the settings by which events have been judged."""


def open_transport(settings: Settings) -> RequestsTransport:
    """The way to both services and to the sign-in authority. To be closed."""
    return RequestsTransport(ca_bundle=settings.microsoft365.ca_bundle)


def outside_of(settings: Settings, transport: RequestsTransport) -> Outside:
    """Both services over one transport, with the application's own credentials."""
    said = settings.microsoft365
    credentials = AppCredentials(
        tenant_id=said.tenant_id,
        client_id=said.client_id,
        client_secret=said.client_secret.get_secret_value() if not said.uses_certificate else "",
        certificate_path=said.certificate_path,
        certificate_thumbprint=said.certificate_thumbprint,
        authority=said.authority,
        graph_url=said.graph_url,
    )
    return Outside(graph=transport, scheduler=transport, credentials=MsalCredentials(credentials, transport))


def judges_anew(store: Store, settings: Settings) -> bool:
    """Whether events were judged by other settings than these (B10, B17)."""
    judged_by = store.meta(JUDGED_BY)
    return judged_by is not None and judged_by != judging_fingerprint(settings)


def remember_judging(store: Store, settings: Settings) -> bool:
    """Have every mailbox read anew if settings that judge events have changed; whether they have.

    To be called before the application starts: it reads then, in full, what it has no delta link for.
    """
    anew = judges_anew(store, settings)
    drops = [
        DropDeltaState(mailbox=record.mailbox)
        for record in store.resources()
        if anew and record.mailbox is not None
    ]
    store.apply([*drops, PutMeta(key=JUDGED_BY, value=judging_fingerprint(settings))])
    return anew
