"""Links that Graph hands out: followed only to where Graph is (D14)."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from actors.clients.errors import About, ForeignLink, Malformed
from actors.clients.steps import Reply

_PORTS = {"https": 443, "http": 80}


def checked_link(reply: Reply, name: str) -> str:
    """The link under `name` in an answer, or nothing. Raises `ForeignLink` when it leads elsewhere."""
    link = reply.mapping().get(name)
    if link is None:
        return ""
    if not isinstance(link, str) or not link:
        raise Malformed(reply.about)
    require_own(link, reply.base_url, reply.about)
    return link


def require_own(link: str, base_url: str, about: About) -> None:
    """Raise `ForeignLink` unless `link` has the scheme, host and port of `base_url`: a token goes with it."""
    try:
        same = _origin(urlsplit(link)) == _origin(urlsplit(base_url))
    except ValueError:
        same = False
    if not same:
        raise ForeignLink(about)


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    # whatever stands before an @ is no part of the host, and a backslash is read differently by everyone
    if "\\" in url.netloc or "@" in url.netloc:
        raise ValueError("a link with credentials in it")
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)
