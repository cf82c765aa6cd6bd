"""The settings, section by section: DESIGN.md "Configuration", as types. Nothing here can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, SecretStr, StrictStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from models.content import Sensitivity, ShowAs
from models.delete_budget import DeleteBudget
from models.policy import Conflicts, Deletes, Edits, Policy
from models.preferences import Preferences, PrivateEvents
from models.settings import values
from models.when import Window, window_around

Names = Annotated[
    Mapping[StrictStr, StrictStr],
    AfterValidator(lambda names: MappingProxyType(dict(names))),
    PlainSerializer(dict),
]
"""Which name stands for which."""
LONGEST_CONFIRM_SECONDS = 10
"""What is in doubt is read again by then, however rarely is polled."""


class WriteRoute(Enum):
    """How Outlook-born appointments are written to the board."""

    EXCHANGE_APPOINTMENT = "exchange_appointment"
    """`mboc_upsertExchangeAppointment`, through `/import`."""
    TASK = "task"
    """`POST /appointment`, under `job_no` and `task_no`."""


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class SchedulerSettings(Section):
    """`[scheduler]`: the board."""

    url: values.ServiceUrl = "https://api.dimescheduler.com"
    api_key: SecretStr = SecretStr("")
    time_zone: values.Zone = Field(default_factory=lambda: ZoneInfo("Europe/Brussels"))
    source_app: values.Text = "EXCHANGE"
    source_type: values.Text = "OUTLOOK"
    write_route: WriteRoute = WriteRoute.EXCHANGE_APPOINTMENT
    job_no: values.Text = ""
    task_no: values.Text = ""
    webhook_login: values.Text = ""
    webhook_password: SecretStr = SecretStr("")
    webhook_source_apps: tuple[StrictStr, ...] = ()


class Microsoft365Settings(Section):
    """`[microsoft365]`: the tenant, and the app registration that we are in it."""

    tenant_id: values.Text = ""
    client_id: values.Text = ""
    client_secret: SecretStr = SecretStr("")
    certificate_path: values.PrivateKeyFile = ""
    certificate_thumbprint: values.Thumbprint = ""
    authority: values.ServiceUrl = "https://login.microsoftonline.com"
    graph_url: values.ServiceUrl = "https://graph.microsoft.com/v1.0"
    ca_bundle: values.CertificateFile = ""

    @property
    def uses_certificate(self) -> bool:
        """Whether we prove who we are by certificate; it goes before a secret, where both are given."""
        return bool(self.certificate_path)


class SyncSettings(Section):
    """`[sync]`: what follows what, how often, and how carefully."""

    to_outlook: values.Flag = True
    to_board: values.Flag = True
    past_days: values.Days = 14
    future_days: values.Days = 180
    outlook_poll_seconds: values.Seconds = 300
    board_poll_seconds: values.Seconds = 60
    audit_hours: values.Hours = 24
    outlook_edits: Edits = Edits.ACCEPT
    outlook_deletes: Deletes = Deletes.RESTORE
    board_edits: Edits = Edits.ACCEPT
    conflicts: Conflicts = Conflicts.BOARD
    delete_budget_count: values.Count = 5
    delete_budget_percent: values.Percent = 10

    def policy(self) -> Policy:
        """What of this decides in `models.reconcile`."""
        return Policy(
            to_outlook=self.to_outlook,
            to_board=self.to_board,
            outlook_edits=self.outlook_edits,
            outlook_deletes=self.outlook_deletes,
            board_edits=self.board_edits,
            conflicts=self.conflicts,
        )

    def delete_budget(self) -> DeleteBudget:
        """How many deletions one pass may bring (C10)."""
        return DeleteBudget(count=self.delete_budget_count, percent=self.delete_budget_percent)

    def window(self, now: datetime) -> Window:
        """What is synchronised at this moment."""
        return window_around(now, past_days=self.past_days, future_days=self.future_days)

    def confirm_seconds(self) -> float:
        """How long deletions in doubt wait for a second reading: never longer than until the next poll, so
        that a calendar that is really cleared is followed within two cycles."""
        polls = min(self.board_poll_seconds, self.outlook_poll_seconds)
        return float(min(polls, LONGEST_CONFIRM_SECONDS))


class DefaultsSettings(Section):
    """`[defaults]`: the preferences of a resource that has not chosen."""

    share: values.Flag = True
    show_as: frozenset[ShowAs] = frozenset({ShowAs.BUSY, ShowAs.OOF})
    sensitivity: frozenset[Sensitivity] = frozenset({Sensitivity.NORMAL})
    private: PrivateEvents = PrivateEvents.HIDE
    mask_subject: values.Text = "Unavailable"
    resources_decide: values.Flag = True


class MappingSettings(Section):
    """`[mapping]`: how an appointment becomes an event, and an event an appointment."""

    subject: values.Text = "{{ appointment.subject }}"
    body: values.Text = "{{ appointment.body }}"
    location: values.Text = ""
    show_as: ShowAs = ShowAs.BUSY
    reminder_minutes: values.Minutes = None
    categories: Names = Field(default_factory=dict)
    board_categories: Names = Field(default_factory=dict)


class RulesSettings(Section):
    """`[rules]`: which appointments go to Outlook."""

    file: values.ReadableFile = ""


class StorageSettings(Section):
    """`[storage]`: where the connector remembers."""

    url: values.StoreUrl = SecretStr("sqlite:///exchange-connector.db")


class ServerSettings(Section):
    """`[server]`: the one HTTP listener."""

    listen: values.Listen = "127.0.0.1:8420"
    public_url: values.PublicUrl = ""
    admin_password: SecretStr = SecretStr("")

    @property
    def host(self) -> str:
        """The address to listen on."""
        return values.host_and_port(self.listen)[0]

    @property
    def port(self) -> int:
        """The port to listen on; 0 is any that is free."""
        return values.host_and_port(self.listen)[1]


class Settings(BaseSettings):
    """The whole configuration, made by `models.settings.loading.load_settings`. It prints no secret."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True)

    scheduler: SchedulerSettings = Field(default_factory=SchedulerSettings)
    microsoft365: Microsoft365Settings = Field(default_factory=Microsoft365Settings)
    sync: SyncSettings = Field(default_factory=SyncSettings)
    defaults: DefaultsSettings = Field(default_factory=DefaultsSettings)
    mapping: MappingSettings = Field(default_factory=MappingSettings)
    rules: RulesSettings = Field(default_factory=RulesSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing is read behind the caller's back: `load_settings` says which file and which environment."""
        return (init_settings,)

    def default_preferences(self) -> Preferences:
        """The preferences that hold for a resource that has not chosen."""
        return Preferences(
            share=self.defaults.share,
            show_as=self.defaults.show_as,
            sensitivity=self.defaults.sensitivity,
            private=self.defaults.private,
        )

    def redacted(self) -> dict[str, dict[str, Any]]:
        """Every setting as plain data for logs and people, secrets as "***"."""
        return {
            section: {key: _plain(getattr(getattr(self, section), key)) for key in kind.model_fields}
            for section, kind in sections().items()
        }


def sections() -> dict[str, type[Section]]:
    """The sections by name."""
    kinds: dict[str, Any] = {name: field.annotation for name, field in Settings.model_fields.items()}
    return kinds


def is_secret(section: str, key: str) -> bool:
    """Whether what is written for a key may never be shown."""
    kind = sections().get(section)
    field = kind.model_fields.get(key) if kind is not None else None
    return field is not None and field.annotation is SecretStr


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return _without_password(value.get_secret_value())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)  # type: ignore[type-var]  # sets of enums of texts
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value


def _without_password(secret: str) -> str:
    """A secret as "***"; a store's URL with what of it can be shown."""
    if not secret or secret.startswith("sqlite:"):
        return secret
    if secret.startswith("postgres"):
        parts = urlsplit(secret)
        return f"{parts.scheme}://***@{parts.netloc.rpartition('@')[2]}{parts.path}"
    return "***"
