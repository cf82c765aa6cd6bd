"""The words of subjects, by which a part of a subject is found among a million of them.

Each distinct subject is entered once under each of its words, however many items are called so. What a person
asks for is looked up by the rarest of its words, and then compared as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any, Final

from peewee import fn

from models.storage.schema import DecisionNameRow, SubjectWordRow, upsert
from models.storage.session import Row, Session

LONGEST_WORD: Final = 32
"""Characters of a word that are entered."""
MOST_WORDS: Final = 24
"""Words of one subject that are entered."""
RARE: Final = 1_000
"""Subjects under a word from which on it is not counted further how many there are."""
LOOKED_THROUGH: Final = 50_000
"""Subjects under one word that a question may compare, so that it is answered at once."""
LOOKED_THROUGH_ANYWHERE: Final = 20_000
"""Subjects that are compared with a text which begins within a word."""

_WORD = re.compile(r"\w+")
_LAST: Final = "\U0010ffff"
"""Sorts after whatever a word may go on with."""


def words_of(subject: str) -> list[str]:
    """The words under which a folded subject is entered."""
    return list(islice(dict.fromkeys(_words(subject)), MOST_WORDS))


def subjects_with(session: Session, asked: str, at_most: int) -> list[str]:
    """Subjects that hold a folded text which begins where one of their words begins.

    In a store with few subjects the text may begin anywhere.
    """
    held = _under_rarest_word(session, asked, at_most) or _anywhere(session, asked, at_most)
    return list(dict.fromkeys(held))


def enter(session: Session, subjects: Iterable[str]) -> None:
    """Have subjects found by their words."""
    session.many(_put_word, sorted((word, subject) for subject in subjects for word in words_of(subject)))


def remove_unused(session: Session, subjects: Collection[str]) -> None:
    """Forget the words of those subjects that are nobody's name any more."""
    gone = [subject for subject in subjects if not session.fetch(_named, "subject", subject, 1)]
    session.many(_drop_word, [(word, subject) for subject in gone for word in words_of(subject)])


def _under_rarest_word(session: Session, asked: str, at_most: int) -> list[str]:
    words = list(_words(asked))
    if not words:
        return []
    # the last one may be the beginning of a word, unless something follows it
    is_open = asked[-1:].isalnum()
    ranges: list[Row] = [(word, word) for word in words]
    if is_open or len(words[-1]) == LONGEST_WORD:
        ranges[-1] = (words[-1], words[-1] + _LAST)
    rarest = min(ranges, key=lambda one: len(session.fetch(_some_under, *one, RARE)))
    return [subject for (subject,) in session.select(_holding(session, rarest, asked).limit(at_most))]


def _holding(session: Session, words: Row, asked: str) -> Any:  # noqa: ANN401 - a peewee query
    """The subjects under a range of words that hold a text, of so many as may be looked through."""
    first, last = words
    word = SubjectWordRow.word
    entered = SubjectWordRow.select(SubjectWordRow.subject).where(word >= first, word <= last)
    some = entered.limit(LOOKED_THROUGH).alias("some")
    return (
        SubjectWordRow.select(some.c.subject).from_(some).where(_position(session, some.c.subject, asked) > 0)
    )


def _anywhere(session: Session, asked: str, at_most: int) -> list[str]:
    named = DecisionNameRow.select(DecisionNameRow.name).where(DecisionNameRow.kind == "subject")
    some = named.limit(LOOKED_THROUGH_ANYWHERE).alias("some")
    query = DecisionNameRow.select(some.c.name).from_(some).where(_position(session, some.c.name, asked) > 0)
    return [subject for (subject,) in session.select(query.limit(at_most))]


def _position(session: Session, text: object, asked: str) -> Any:  # noqa: ANN401 - a peewee expression
    # Names are folded already, which spares the database a comparison without letter case.
    return (fn.INSTR if session.is_sqlite else fn.STRPOS)(text, asked)


def _words(text: str) -> Iterable[str]:
    return (found[:LONGEST_WORD] for found in _WORD.findall(text))


def _some_under() -> object:
    word = SubjectWordRow.word
    return SubjectWordRow.select(SubjectWordRow.word).where(word >= "", word <= "").limit(1)


def _put_word() -> object:
    return upsert(SubjectWordRow, absent_only=True)


def _drop_word() -> object:
    return SubjectWordRow.delete().where(SubjectWordRow.word == "", SubjectWordRow.subject == "")


def _named() -> object:
    named = DecisionNameRow.select(DecisionNameRow.item)
    return named.where(DecisionNameRow.kind == "", DecisionNameRow.name == "").limit(1)
