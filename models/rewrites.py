"""The two rewrites: changes of an event's words that leave alone whatever else the person wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.bodies import html_of, read_block, replaceable, with_block
from models.categories import CategoryMap, with_entry
from models.content import ShowAs
from models.event import EventDetail
from models.writes import EventPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRewrite:
    """Of a board-born event: the board's block in the body, and the board's entry among the categories."""

    body: str | None = None
    """The block's text; None leaves the body alone."""
    category: str | None = None
    """The Outlook category; "" takes the entry out, None leaves the categories alone."""
    agreed_category: str | None = None
    categories: CategoryMap

    def __call__(self, detail: EventDetail) -> EventPatch:
        return EventPatch(body_html=self._body(detail), categories=self._categories(detail))

    def _body(self, detail: EventDetail) -> str | None:
        if self.body is None or (read_block(detail.body_html) or "") == self.body:
            return None
        return with_block(detail.body_html, self.body)

    def _categories(self, detail: EventDetail) -> tuple[str, ...] | None:
        if self.category is None:
            return None
        old = self.categories.own_entry(detail.categories, self.agreed_category)
        return _if_changed(detail.categories, with_entry(detail.categories, old, self.category))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRewrite:
    """Of an Outlook-born event that a planner changed: the whole body where nothing is lost by it, and
    whatever gives the event its board category."""

    body: str | None = None
    category: str | None = None
    """The board category; None leaves it alone."""
    show_as: ShowAs
    """What the event had when the change was decided."""
    categories: CategoryMap

    def __call__(self, detail: EventDetail) -> EventPatch:
        entries, show_as = self._category(detail)
        return EventPatch(body_html=self._body(detail), categories=entries, show_as=show_as)

    def _body(self, detail: EventDetail) -> str | None:
        return html_of(self.body) if self.body is not None and replaceable(detail) else None

    def _category(self, detail: EventDetail) -> tuple[tuple[str, ...] | None, ShowAs | None]:
        """The entries and the show-as that give the board category, each None where it stays.

        Both stay where the settings have nothing that would read back as this category: an entry that changes
        nothing on the board would only be in the person's way.
        """
        if self.category is None:
            return None, None
        for entries, show_as in self._candidates(detail, self.category):
            if self.categories.source(entries, show_as).board == self.category:
                changed = None if show_as is self.show_as else show_as
                return _if_changed(detail.categories, entries), changed
        return None, None

    def _candidates(self, detail: EventDetail, category: str) -> Iterator[tuple[tuple[str, ...], ShowAs]]:
        """Entries and show-as that may give the category, the least intrusive first.

        A category that came from an entry goes back to an entry, one that came from the show-as to the
        show-as, as far as `mapping.board_categories` has both.
        """
        yield detail.categories, self.show_as
        given_by = self.categories.source(detail.categories, self.show_as).entry
        if not category:
            yield with_entry(detail.categories, given_by, ""), self.show_as
            return
        entry, show_as = self.categories.entry_for(category), self.categories.show_as_for(category)
        if given_by and entry:
            yield with_entry(detail.categories, given_by, entry), self.show_as
        if show_as is not None:
            yield with_entry(detail.categories, given_by, ""), show_as
        for name in (entry, self.categories.outlook_name(category)):
            if name:
                yield with_entry(detail.categories, given_by, name), self.show_as


def _if_changed(now: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if new == now else new
