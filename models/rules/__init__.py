"""Which appointments may go to Outlook: the `Rules` section of Dime.Scheduler's connector (facts §4).

    loading     the file, as it stands, to rules that are compiled once, or to all that is wrong with it
    section     the groups and rules in a document
    dotnet_json the JSON that .NET's configuration files are written in
    rules       the judgement of an appointment, and the values that it looked at
    basis       what a decision keeps of it
    file        what the file says now, compared with what it said before

All rules have to pass. One that cannot be evaluated for an appointment does not.
"""

from models.rules.basis import basis_of_failure, basis_of_passing
from models.rules.file import RulesFile, Sight
from models.rules.loading import beside_rules, compile_rules, load_rules, rules_text
from models.rules.problems import RulesError
from models.rules.rules import Rule, RuleOutcome, Rules, RuleVerdict

__all__ = [
    "Rule",
    "RuleOutcome",
    "RuleVerdict",
    "Rules",
    "RulesError",
    "RulesFile",
    "Sight",
    "basis_of_failure",
    "basis_of_passing",
    "beside_rules",
    "compile_rules",
    "load_rules",
    "rules_text",
]
