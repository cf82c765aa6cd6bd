"""The kinds of values a setting can have, each with what is said when it is something else."""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from models.zones import find_zone

REFUSED: Final = "refused"
"""The type of the errors made here; their context has `what` and `remedy`."""

MOST_DAYS: Final = 3_650
"""Beyond this a window is a slip of the keyboard."""
MOST_SECONDS: Final = 7 * 24 * 3_600
"""Subscriptions and delta links do not live longer unattended (facts, microsoft-graph.md)."""

_HOST = re.compile(r"(?!-)[A-Za-z0-9_.-]{1,253}")
_THUMBPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")


def refused(what: str, remedy: str) -> PydanticCustomError:
    """The error for a value that has the right type and no use."""
    return PydanticCustomError(REFUSED, "{what}; {remedy}", {"what": what, "remedy": remedy})


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def host_and_port(listen: str) -> tuple[str, int]:
    """The parts of "127.0.0.1:8420" or "[::1]:8420". Raises ValueError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("no port")
    if host.startswith("[") and host.endswith("]"):
        return str(ipaddress.IPv6Address(host[1:-1])), int(port)
    if not _HOST.fullmatch(host):
        raise ValueError("no host")
    return host, int(port)


def _url(value: str) -> str:
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https"):
        raise refused(
            "must be a URL that starts with https://", "write it in full, with https:// and the host"
        )
    if "@" in parts.netloc:
        raise refused("holds a user name or password", "take them out: credentials have keys of their own")
    if parts.query or parts.fragment:
        raise refused("holds a ? or #", "write the address only")
    return value.rstrip("/")


def _service_url(value: str) -> str:
    url = _url(value)
    if url.startswith("http://") and not is_loopback(url):
        raise refused("is not https, and credentials are sent there", "write https://")
    return url


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # raises where it is no number
    except ValueError:
        return None
    return parts if parts.hostname else None


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    zone = find_zone(value)
    if zone is None:
        raise refused(
            f'"{value}" is no time zone',
            'write an IANA name such as "Europe/Brussels", or a Windows name',
        )
    return zone


def _listen(value: str) -> str:
    try:
        host_and_port(value)
    except ValueError:
        raise refused(
            f'"{value}" is no address to listen on', 'write HOST:PORT, for example "127.0.0.1:8420"'
        ) from None
    return value


def _store_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest != "/":
        return value
    if scheme in ("postgresql", "postgres") and _split(url) is not None:
        return value
    raise refused("names no store", "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")


def _minutes(value: object) -> object:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return int(text)
        raise refused(f'"{value}" is no number of minutes', "write a whole number, or leave it empty")
    return value


def _readable(path: str) -> str:
    if path:
        try:
            with Path(path).open("rb") as file:
                file.read(1)
        except OSError as error:
            raise refused(
                f"cannot read {path} ({error.strerror})", "check the path, and who may read the file"
            ) from None
    return path


def _private_key(path: str) -> str:
    if path and "PRIVATE KEY-----" not in Path(_readable(path)).read_text("ascii", "replace"):
        raise refused(
            f"there is no private key in {path}",
            "name the PEM file that the certificate was exported to with its key",
        )
    return path


def _certificates(path: str) -> str:
    if path and not Path(path).is_dir():
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=_readable(path))
        except ssl.SSLError:
            raise refused(f"there is no certificate in {path}", "name a file of PEM certificates") from None
    return path


def _thumbprint(value: str) -> str:
    digits = re.sub(r"[\s:]", "", value).upper()
    if digits and not _THUMBPRINT.fullmatch(digits):
        raise refused("is no thumbprint", "copy the 40 hexadecimal digits that Microsoft Entra shows")
    return digits


Text = StrictStr
Flag = StrictBool
Days = Annotated[StrictInt, Field(ge=0, le=MOST_DAYS)]
Seconds = Annotated[StrictInt, Field(ge=1, le=MOST_SECONDS)]
Hours = Annotated[StrictInt, Field(ge=1, le=MOST_SECONDS // 3_600)]
Count = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]
Minutes = Annotated[Annotated[StrictInt, Field(ge=0, le=525_600)] | None, BeforeValidator(_minutes)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
ServiceUrl = Annotated[StrictStr, AfterValidator(_service_url)]
"""Where credentials are sent."""
PublicUrl = Annotated[StrictStr, AfterValidator(lambda value: _url(value) if value else "")]
StoreUrl = Annotated[SecretStr, AfterValidator(_store_url)]
"""May hold a password."""
Listen = Annotated[StrictStr, AfterValidator(_listen)]
ReadableFile = Annotated[StrictStr, AfterValidator(_readable)]
PrivateKeyFile = Annotated[StrictStr, AfterValidator(_private_key)]
CertificateFile = Annotated[StrictStr, AfterValidator(_certificates)]
Thumbprint = Annotated[StrictStr, AfterValidator(_thumbprint)]
