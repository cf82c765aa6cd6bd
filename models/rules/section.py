"""The `Rules` section: groups of rules, each with a name, a message and an expression (facts §4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from models.rules.dotnet_json import JsonObject
from models.rules.problems import problem
from models.setting_error import SettingError

SHAPE: Final = (
    'write {"Rules": [{"Name": "…", "Rules": [{"Name": "…", "ErrorMessage": "…", "Expression": "…"}]}]}'
)
GROUP_MEMBERS: Final = ("Name", "Rules")
RULE_MEMBERS: Final = ("Name", "ErrorMessage", "Expression")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRule:
    """A rule as it is written."""

    group: str
    name: str
    message: str
    expression: str

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        return f'group "{self.group}", rule "{self.name}"'


@dataclass(slots=True)
class Section:
    """What was found in a document."""

    file: str
    rules: list[WrittenRule] = field(default_factory=list)
    problems: list[SettingError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What its author should look at, though it can be used."""

    def read(self, document: object) -> None:
        """Collect every rule of the document, and everything that is wrong with them."""
        for position, group in enumerate(self._groups(document), start=1):
            if isinstance(group, JsonObject):
                self._read_group(group, position)
            else:
                self._refuse(f"entry {position} of Rules is {_kind(group)}, not a group of rules", SHAPE)

    def _groups(self, document: object) -> list[object]:
        if isinstance(document, JsonObject):
            if "Rules" not in document:
                self._refuse("has no Rules section", SHAPE)
                return []
            if any(name.lower() == "rules" for name in document.repeated):
                self._refuse("has more than one Rules section", "put all groups into one")
            document = document.get("Rules")
        if isinstance(document, list):
            return document
        self._refuse(f"has {_kind(document)} where the list of groups should be", SHAPE)
        return []

    def _read_group(self, group: JsonObject, position: int) -> None:
        name = self._name(group, f"group {position}", f"group {position}")
        place = f'group "{name}"'
        rules = group.get("Rules")
        if not isinstance(rules, list):
            is_rule = "Expression" in group
            what = "is a rule, not a group of rules" if is_rule else f"has {_kind(rules)} for its Rules"
            self._refuse(f"{place}: {what}", "put rules into the Rules of a group")
            return
        self._look_at_members(group, GROUP_MEMBERS, place)
        if not rules:
            self.warnings.append(f"{place}: has no rules and keeps nothing out")
        for number, rule in enumerate(rules, start=1):
            if isinstance(rule, JsonObject):
                self._read_rule(rule, name, number)
            else:
                self._refuse(f"{place}: rule {number} is {_kind(rule)}, not a rule", SHAPE)

    def _read_rule(self, rule: JsonObject, group: str, number: int) -> None:
        name = self._name(rule, f"rule {number}", f'group "{group}", rule {number}')
        place = f'group "{group}", rule "{name}"'
        expression, message = rule.get("Expression"), rule.get("ErrorMessage")
        self._look_at_members(rule, RULE_MEMBERS, place)
        if not isinstance(expression, str) or not expression.strip():
            what = "is empty" if isinstance(expression, str) else f"is {_kind(expression)}, not a text"
            self._refuse(
                f"{place}: its Expression {what}", "write the condition under which an appointment goes out"
            )
            return
        if message is not None and not isinstance(message, str):
            self._refuse(f"{place}: its ErrorMessage is {_kind(message)}, not a text", "put it in quotes")
            return
        self.rules.append(
            WrittenRule(group=group, name=name, message=(message or "").strip(), expression=expression)
        )

    def _name(self, named: JsonObject, otherwise: str, place: str) -> str:
        name = named.get("Name")
        if isinstance(name, str) and name.strip():
            return " ".join(name.split())
        if name is not None and not isinstance(name, str):
            self._refuse(f"{place}: its Name is {_kind(name)}, not a text", "put it in quotes")
        else:
            self.warnings.append(f"{place}: has no Name, so that decisions can only count it")
        return otherwise

    def _look_at_members(self, found: JsonObject, known: tuple[str, ...], place: str) -> None:
        """A member that stands twice is ambiguous; one that nobody knows has no effect."""
        for name in found.repeated:
            self._refuse(f"{place}: has {name} more than once", "keep one of them")
        expected = {name.lower() for name in known}
        for name in found.names:
            if name.lower() not in expected:
                self.warnings.append(f"{place}: {name} is not known here and has no effect")

    def _refuse(self, what: str, remedy: str) -> None:
        self.problems.append(problem(f"{self.file}: {what}", remedy))


def _kind(value: object) -> str:
    """What a value is, for a person."""
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "nothing"


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "true or false"),
    (str, "a text"),
    ((int, float), "a number"),
    (list, "a list"),
    (JsonObject, "an object"),
)
