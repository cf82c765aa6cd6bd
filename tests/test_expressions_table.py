"""The language of rules, expression by expression. Every row is one that a customer could have in a file."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from models.expressions import EvaluationError, appointment_schema, compile_expression
from models.record import Record

ROOTS = {"appointment": appointment_schema()}

APPOINTMENT = Record(
    {
        "Id": 1212993,
        "AppointmentNo": "rVjMXrDY",
        "AppointmentGuid": "0F8FAD5B-D9CB-469F-A165-70867728950E",
        "StartDate": "2025-10-02T09:00:00",
        "EndDate": "2025-10-02T17:30:00",
        "Subject": "Boiler service",
        "Body": " - \r\n",
        "Importance": 1,
        "Locked": False,
        "PlanningQty": 7.5,
        "PlanningUOM": "HOUR",
        "CreatedUser": "ACME\\JANE",
        "Category": {"Name": "SERVICE", "DisplayName": "Service", "Color": "#FF0000"},
        "TimeMarker": {"Name": "IN PROCESS", "Color": "#00FF00"},
        "Task": {
            "TaskNo": "T-10",
            "Description": "Yearly maintenance",
            "ShortDescription": "Yearly",
            "FreeText1": "outlook",
            "FreeText2": "",
            "FreeText3": None,
            "FreeText4": "a;b;c",
            "FreeDecimal1": 0.1,
            "FreeDecimal2": 0.2,
            "FreeDecimal3": 12,
            "FreeDate1": "2025-10-01T00:00:00",
            "FreeBit1": True,
            "FreeBit2": False,
            "FreeBit3": None,
            "FreeBit4": 1,
            "Job": {
                "JobNo": "J-7",
                "SourceApp": "BC",
                "CustomerNo": "C0001",
                "CustomerName": "Café Zürich",
                "SiteAddressCity": "Brussels",
            },
        },
        "Resources": [
            {"ResourceNo": "R1", "Department": "FIELD", "Email": "r1@example.com", "FreeDecimal1": 2},
            {"ResourceNo": "R2", "Department": "OFFICE", "Email": None, "FreeDecimal1": 3},
        ],
        "Notifications": [],
        "Extra": {"Deep": {"Number": 5, "Text": "x"}, "Tags": ["red", "green"], "Ratio": 0.5},
    }
)
BARE = Record({"Id": 1, "Start": "2025-10-02T09:00:00", "End": "2025-10-02T10:00:00"})

TRUE = [
    # comparing
    'appointment.Category.Name == "SERVICE"',
    'appointment.Category.Name = "SERVICE"',
    'appointment.Category.Name eq "SERVICE"',
    '"SERVICE" == appointment.Category.Name',
    'APPOINTMENT.category.NAME == "SERVICE"',
    'appointment.Category.Name != "service"',
    'appointment.Category.Name <> "SALES"',
    'appointment.Category.Name ne "SALES"',
    "appointment.Id == 1212993",
    "appointment.Id > 1212992 and appointment.Id >= 1212993",
    "appointment.Id lt 2000000 && appointment.Id le 1212993",
    "appointment.Id gt 1 && appointment.Id ge 1",
    "appointment.Id == 1212993.0",
    'appointment.Id == "1212993"',
    "appointment.PlanningQty == 7.5",
    "appointment.PlanningQuantity == 7.5m",
    "appointment.Task.FreeDecimal1 + appointment.Task.FreeDecimal2 == 0.3",
    "appointment.Task.FreeDecimal3 == 12",
    "appointment.Id == 0x128241",
    "appointment.Id < 1.5e7",
    '"apple" < "Banana"',
    '"a" < "B" && "a" < "A"',
    'appointment.Subject > "Boiler"',
    # true, false and NULL
    "appointment.Task.FreeBit1",
    "appointment.Task.FreeBit1 == true",
    "true == appointment.Task.FreeBit1",
    "appointment.Task.FreeBit1 == TRUE",
    "!appointment.Task.FreeBit2",
    "not appointment.Locked",
    "NOT appointment.Task.FreeBit2",
    "appointment.Task.FreeBit2 == false",
    "appointment.Task.FreeBit3 == NULL",
    "appointment.Task.FreeBit3 != true",
    "appointment.Task.FreeBit4 == true",
    'appointment.Task.FreeBit1 == "true"',
    "appointment.Task.FreeText3 == null",
    'appointment.Task.FreeText3 <> "x"',
    'appointment.Task.FreeText2 == ""',
    "appointment.Task.FreeBit5 == NULL",
    "appointment.Task <> NULL",
    "NULL <> appointment.Task",
    "NULL == NULL",
    "!(appointment.Task.FreeDecimal5 > 1) && !(appointment.Task.FreeDecimal5 <= 1)",
    'appointment.Task.FreeText3 < "a"',
    # logic
    "true AND true",
    "true OR false",
    "false or true and true",
    "(false or true) and true",
    "true || appointment.Nothing.At.All",
    "not (false && appointment.Nothing.At.All)",
    "appointment.Task.FreeBit3 OR true",
    "NOT (appointment.Task.FreeBit3 AND false)",
    "NOT false AND true",
    "!!true",
    "true & true",
    "false | true",
    "true andalso true orelse false",
    "(((true)))",
    # the documentation of the vendor
    'appointment.Category <> NULL AND appointment.Category.Name == "SERVICE" AND '
    "appointment.Task <> NULL AND appointment.Task.FreeBit1 == true",
    'appointment.TimeMarker <> NULL AND appointment.TimeMarker.Name == "IN PROCESS" AND '
    "appointment.Task <> NULL AND appointment.Task.FreeBit1 == true",
    # arithmetic
    "1 + 2 * 3 == 7",
    "(1 + 2) * 3 == 9",
    "7 / 2 == 3",
    "-7 / 2 == -3",
    "7.0 / 2 == 3.5",
    "-7 % 3 == -1",
    "7 mod 4 == 3",
    "10 - 2 - 3 == 5",
    "-(1 + 2) == -3",
    "2 * -3 == -6",
    "appointment.PlanningQty * 60 == 450",
    "appointment.Task.FreeDecimal5 + 1 == NULL",
    "(6 & 3) == 2 and (6 | 3) == 7",
    # texts
    'appointment.Subject.Contains("service")',
    'appointment.Subject.StartsWith("Boiler")',
    'appointment.Subject.EndsWith("service")',
    '!appointment.Subject.Contains("SERVICE")',
    'appointment.Subject.Contains("SERVICE", StringComparison.OrdinalIgnoreCase)',
    'appointment.Subject.startswith("BOILER", "OrdinalIgnoreCase")',
    'appointment.Subject.ToLower() == "boiler service"',
    'appointment.Subject.ToUpper().Contains("BOILER")',
    'appointment.Subject.ToUpperInvariant() == "BOILER SERVICE"',
    "appointment.Subject.Length == 14",
    'appointment.Body.Trim() == "-"',
    'appointment.Body.TrimStart().StartsWith("-")',
    'appointment.Body.TrimEnd() == " -"',
    'appointment.Subject.IndexOf("service") == 7',
    'appointment.Subject.IndexOf("nowhere") == -1',
    'appointment.Subject.LastIndexOf("e") == 13',
    'appointment.Subject.Substring(7) == "service"',
    'appointment.Subject.Substring(0, 6) == "Boiler"',
    'appointment.Subject.Replace("Boiler", "Heater") == "Heater service"',
    'appointment.Subject.Equals("Boiler service")',
    'appointment.Subject.Equals("BOILER SERVICE", StringComparison.CurrentCultureIgnoreCase)',
    'appointment.Subject.CompareTo("Boiler") == 1',
    'appointment.Subject + "!" == "Boiler service!"',
    '"No " + 12 == "No 12"',
    '"x" + appointment.Task.FreeText3 + "y" == "xy"',
    '("x" & "y") == "xy"',
    'appointment.Subject[0] == "B"',
    "appointment.Subject[0] == 'B'",
    "appointment.Category.Name == 'SERVICE'",
    r'appointment.CreatedUser == "ACME\\JANE"',
    r'appointment.Body == " - \r\n"',
    r'"caf\u00e9" == "café"',
    '"a""b".Length == 3',
    r'"a\"b" == "a""b"',
    'appointment.Task.Job.CustomerName.Contains("Zürich")',
    'appointment.Task.FreeText4.Split(";").Contains("b")',
    "appointment.Task.FreeText4.Split(';').Count() == 3",
    "string.IsNullOrEmpty(appointment.Task.FreeText2)",
    "String.IsNullOrEmpty(appointment.Task.FreeText3)",
    "!string.IsNullOrEmpty(appointment.Task.FreeText1)",
    'string.IsNullOrWhiteSpace("  ") && string.IsNullOrWhiteSpace(appointment.Task.FreeText3)',
    "string.Equals(appointment.Task.FreeText3, NULL)",
    'string.Compare("a", "b") < 0',
    'string.Concat("a", 1, true) == "a1True"',
    "string.Empty == appointment.Task.FreeText2",
    'appointment.Id.ToString().EndsWith("993")',
    'appointment.PlanningQty.ToString() == "7.5"',
    'appointment.AppointmentGuid == "0f8fad5b-d9cb-469f-a165-70867728950e"',
    'appointment.AppointmentGuid == Guid.Parse("{0f8fad5b-d9cb-469f-a165-70867728950e}")',
    "appointment.AppointmentGuid <> Guid.Empty",
    # lists of values
    'new[] {"SALES", "SERVICE"}.Contains(appointment.Category.Name)',
    'new [] { "A", }.Contains("A")',
    'new string[] {"A", "B"}.Contains("B")',
    'appointment.Category.Name in ("SALES", "SERVICE")',
    'appointment.Category.Name not in ("SALES")',
    "appointment.Importance in (1, 2)",
    'appointment.Importance in ("High", "Low")',
    'appointment.Start.DayOfWeek in ("Thursday", "Friday")',
    '"a" in new[] {"a"}',
    "new[] {1, 2, 3}.Sum() == 6",
    "new[] {1, 2, 3}.Max() == 3 && new[] {2, 1}.Min() == 1",
    "new[] {1, 2}.Average() == 1.5",
    # enumerations
    "appointment.Importance == 1",
    'appointment.Importance == "High"',
    'appointment.Importance == "high"',
    'appointment.Importance <> "Normal"',
    "appointment.Importance > 0",
    # dates
    "appointment.Start == appointment.StartDate",
    "appointment.Start == DateTime(2025, 10, 2, 9, 0, 0)",
    "appointment.Start > DateTime(2025, 10, 1)",
    "appointment.Start >= new DateTime(2025, 10, 2)",
    'appointment.Start < DateTime.Parse("2026-01-01")',
    'appointment.Start < DateTime.Parse("01/31/2026 08:00")',
    'appointment.Start < "2026-01-01"',
    'appointment.Start == "2025-10-02T09:00:00"',
    "appointment.Start.Year == 2025 && appointment.Start.Month == 10 && appointment.Start.Day == 2",
    "appointment.Start.Hour == 9 && appointment.End.Minute == 30 && appointment.End.Second == 0",
    'appointment.Start.DayOfWeek == "Thursday"',
    "appointment.Start.DayOfWeek == DayOfWeek.Thursday",
    "appointment.Start.DayOfWeek == System.DayOfWeek.Thursday",
    "appointment.Start.DayOfWeek == 4",
    "appointment.Start.DayOfYear == 275",
    "appointment.Start.Date == appointment.End.Date",
    "appointment.Start.Date == DateTime(2025, 10, 2)",
    'appointment.Start.TimeOfDay == "09:00"',
    "appointment.Start.TimeOfDay >= TimeSpan(8, 30, 0)",
    "(appointment.End - appointment.Start).TotalHours == 8.5",
    "(appointment.End - appointment.Start).TotalMinutes > 500",
    "appointment.End.Subtract(appointment.Start).Hours == 8",
    "(appointment.End - appointment.Start).Minutes == 30 && (appointment.End - appointment.Start).Days == 0",
    "appointment.End - appointment.Start == TimeSpan.FromHours(8.5)",
    'appointment.End - appointment.Start < "10:00"',
    "appointment.Start.AddDays(1) > appointment.End",
    "appointment.Start.AddHours(8.5) == appointment.End",
    "appointment.Start.AddMinutes(-540) == appointment.Start.Date",
    "DateTime(2026, 1, 31).AddMonths(1) == DateTime(2026, 2, 28)",
    "DateTime(2024, 2, 29).AddYears(1) == DateTime(2025, 2, 28)",
    "appointment.Start + TimeSpan.FromMinutes(30) == DateTime(2025, 10, 2, 9, 30, 0)",
    'appointment.Start.ToString("yyyy-MM-dd HH:mm") == "2025-10-02 09:00"',
    "appointment.Task.FreeDate1 < appointment.Start",
    "appointment.Task.FreeDate1.HasValue && appointment.Task.FreeDate1.Value.Day == 1",
    "!appointment.Task.FreeDate2.HasValue",
    "!(appointment.Task.FreeDate2 > DateTime.MinValue)",
    # resources
    'appointment.Resources.Any(ResourceNo == "R1")',
    'appointment.Resources.Any(r => r.ResourceNo == "R2")',
    'appointment.Resources.Any(it.ResourceNo == "R2")',
    "appointment.Resources.Any()",
    "!appointment.Notifications.Any()",
    "appointment.AppointmentUrls.Count() == 0",
    'appointment.Resources.All(ResourceNo.StartsWith("R"))',
    'not appointment.Resources.All(r => r.Department == "FIELD")',
    "appointment.Resources.Count() == 2",
    "appointment.Resources.Count == 2",
    'appointment.Resources.Count(Department == "FIELD") == 1',
    'appointment.Resources.First().ResourceNo == "R1"',
    'appointment.Resources.First(Department == "OFFICE").ResourceNo == "R2"',
    'appointment.Resources.FirstOrDefault(Department == "NONE") == NULL',
    'appointment.Resources.Last().ResourceNo == "R2"',
    'appointment.Resources[1].ResourceNo == "R2"',
    'appointment.Resources.Where(Department == "FIELD").Count() == 1',
    'appointment.Resources.Select(ResourceNo).Contains("R2")',
    '"R1" in appointment.Resources.Select(ResourceNo)',
    "appointment.Resources.Sum(FreeDecimal1) == 5",
    "appointment.Resources.Max(FreeDecimal1) == 3",
    'appointment.Assignments.Any(Resource.ResourceNo == "R1")',
    'appointment.Assignments.Any(ResourceNo == "R1")',
    "appointment.Resources.Any(r => appointment.Resources.Any(s => s.ResourceNo != r.ResourceNo))",
    'appointment.Resources.Any(Email <> NULL && Email.EndsWith("@example.com"))',
    'appointment.Resources.Any(r => r.Department == "FIELD" and appointment.Category.Name == "SERVICE")',
    # choosing, and NULL on the way
    '(appointment.Task.FreeText3 ?? "none") == "none"',
    "(appointment.Task.FreeBit3 ?? false) == false",
    "appointment.Locked ? false : true",
    "iif(appointment.Locked, 1, 2) == 2",
    'isnull(appointment.Task.FreeText3, "x") == "x"',
    "appointment.Task.FreeBit3.GetValueOrDefault() == false",
    "appointment.Task.FreeDecimal5.GetValueOrDefault(3) == 3",
    'np(appointment.Task.Job.JobNo) == "J-7"',
    'np(appointment.Task.Job.JobNo, "none") == "J-7"',
    'appointment.Task?.Job?.JobNo == "J-7"',
    # conversions and mathematics
    'int.Parse("12") == 12',
    'Convert.ToInt32("7") + 1 == 8',
    'decimal.Parse("1.5") == 1.5',
    "Convert.ToInt32(2.5) == 2",
    "Math.Abs(-3) == 3 && Math.Max(1, 2) == 2 && Math.Min(1, 2) == 1",
    "Math.Round(2.345, 2) == 2.34 && Math.Floor(2.7) == 2 && Math.Ceiling(2.1) == 3",
    'string(12) == "12"',
    'DateTime("2025-10-02") == appointment.Start.Date',
    # what nobody declared
    "appointment.Extra.Deep.Number == 5",
    'appointment.Extra.Deep.Text == "x" && appointment.extra.deep.text.Length == 1',
    'appointment.Extra.Tags.Contains("red")',
    'appointment.Extra.Tags.Any(it == "green")',
    "appointment.Extra.Tags.Count() == 2 && appointment.Extra.Tags.Count == 2",
    'appointment.Extra.Tags[0] == "red"',
    '"red" in appointment.Extra.Tags',
    "appointment.Extra.Ratio == 0.5 && appointment.Extra.Ratio < 1",
    "appointment.Unheard == NULL",
    "appointment.Unheard?.Subtract(appointment.Start) == NULL",
    'appointment.@Category.@Name == "SERVICE"',
    # white space and the like
    '\n\tappointment . Category . Name\n==\n"SERVICE"  ',
]
"""True of `APPOINTMENT`."""

FALSE = [
    'appointment.Category.Name == "service"',
    'appointment.Task.FreeText3 == ""',
    "appointment.Task.FreeBit3 == false",
    "appointment.Task.FreeBit3 == true",
    "NULL <> NULL",
    "appointment.Task.FreeDecimal5 == 0",
    "appointment.Task.FreeDecimal5 > 0",
    "false AND appointment.Nothing.At.All",
    "appointment.Task.FreeBit3 AND false",
    'appointment.Category.Name in ("SALES")',
    'appointment.Category.Name not in ("SERVICE")',
    'appointment.Resources.Any(ResourceNo == "R9")',
    "appointment.Notifications.Any(Type == 2)",
    "appointment.Resources.All(Email <> NULL)",
    "appointment.Start > appointment.End",
    'appointment.Start.DayOfWeek == "Monday"',
    "appointment.Start.Hour < 8 || appointment.Start.Hour >= 17",
    "appointment.Locked",
    'appointment.Task.Job.SourceApp == "NAV"',
    "appointment.IsAllDay == true",
    "1 == 2",
    'string.IsNullOrEmpty("x")',
    "appointment.Subject == appointment.Body",
]
"""False of `APPOINTMENT`."""

TRUE_OF_BARE = [
    "appointment.Category == NULL",
    "appointment.Task == NULL OR appointment.Task.FreeBit1 == true",
    "appointment.Task?.Job?.JobNo == NULL",
    "appointment.Task?.Job.JobNo == NULL",
    'np(appointment.Task.Job.JobNo, "none") == "none"',
    "np(appointment.Task.FreeBit1) == NULL",
    "np(appointment.Category.Name.ToLower()) == NULL",
    "!appointment.Resources.Any()",
    'appointment.Resources.All(ResourceNo == "R1")',
    "appointment.Resources.Count() == 0",
    "appointment.Category <> NULL ? false : true",
    "appointment.Start.Hour == 9",
    "(appointment.Task <> NULL && appointment.Task.FreeBit1 == true) == false",
]
"""True of an appointment that has neither task nor category nor resources."""

FAILS_ON_BARE = [
    ("appointment.Task.FreeBit1 == true", "appointment.Task", "is NULL, so it has no FreeBit1"),
    ('appointment.Category.Name == "SERVICE"', "appointment.Category", "is NULL, so it has no Name"),
    ("appointment.Task.Job.JobNo == NULL", "appointment.Task", "is NULL, so it has no Job"),
    ("appointment.Task.FreeDate1.Value.Year == 1", "appointment.Task", "is NULL, so it has no FreeDate1"),
    ('appointment.Subject.Contains("x")', "appointment.Subject", "is NULL, so it has no Contains"),
    ("appointment.Subject.Length > 1", "appointment.Subject", "is NULL, so it has no Length"),
    ("appointment.Extra.Deep == 1", "appointment.Extra", "is NULL, so it has no Deep"),
    (
        "appointment.Resources.First().ResourceNo == NULL",
        "",
        "no item matches; FirstOrDefault would give NULL",
    ),
    ("appointment.Resources[0].ResourceNo == NULL", "appointment.Resources", "there is none at 0"),
    ("appointment.Locked", "", "is NULL, neither true nor false; compare what may be NULL with true"),
    (
        "appointment.Locked ? true : false",
        "appointment.Locked",
        "a condition is NULL, neither true nor false",
    ),
    ("1 / (appointment.Id - 1) > 0", "", "divides by zero"),
    (
        '"abc".Substring(appointment.Id, 9) == ""',
        "",
        "Substring: the text has 3 characters; 1 to 10 is outside it",
    ),
    ('"abc".Contains(appointment.Subject)', "appointment.Subject", "Contains was given NULL"),
    (
        "appointment.Start.AddDays(9999999) > appointment.End",
        "",
        "AddDays: the result is outside the calendar",
    ),
    ("9223372036854775807 + appointment.Id > 0", "", "the result is larger than a whole number may be"),
]
"""Expression, path and message, of the same appointment."""


def judge(expression: str, appointment: Record) -> bool:
    return compile_expression(expression, roots=ROOTS).evaluate({"appointment": appointment})


@pytest.mark.parametrize("expression", TRUE)
def test_it_is_true(expression: str) -> None:
    assert judge(expression, APPOINTMENT) is True


@pytest.mark.parametrize("expression", FALSE)
def test_it_is_false(expression: str) -> None:
    assert judge(expression, APPOINTMENT) is False


@pytest.mark.parametrize("expression", TRUE_OF_BARE)
def test_it_is_true_of_an_appointment_without_task_and_category(expression: str) -> None:
    assert judge(expression, BARE) is True


@pytest.mark.parametrize(("expression", "path", "message"), FAILS_ON_BARE)
def test_it_fails_as_the_engine_would_and_says_on_what(expression: str, path: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        judge(expression, BARE)
    assert message in caught.value.message
    assert caught.value.path == path


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert len({*TRUE, *FALSE, *TRUE_OF_BARE}) >= 150


@pytest.mark.parametrize(
    ("shape", "expression"),
    [
        ({"category": "SERVICE"}, 'appointment.Category.Name == "SERVICE"'),
        ({"Category": {"DisplayName": "SERVICE"}}, 'appointment.Category.Name == "SERVICE"'),
        ({"category": {"name": "SERVICE"}}, 'appointment.Category.DisplayName == "SERVICE"'),
        ({"startDate": "2025-10-02T09:00:00"}, "appointment.Start.Hour == 9"),
        ({"start": "2025-10-02T09:00:00Z"}, "appointment.StartDate.Hour == 9"),
        ({"start": "2025-10-02T09:00:00.1234567+02:00"}, "appointment.Start.Hour == 9"),
        ({"planningQuantity": "7.50"}, "appointment.PlanningQty == 7.5"),
        ({"planningQty": Decimal("7.50")}, "appointment.PlanningQty == 7.5"),
        ({"Importance": "High"}, "appointment.Importance == 1"),
        ({"locked": "True"}, "appointment.Locked"),
        ({"locked": 0}, "appointment.Locked == false"),
        ({"id": "12"}, "appointment.Id == 12"),
        ({"AppointmentId": 12.0}, "appointment.Id == 12"),
        ({"AppointmentNo": 12}, 'appointment.AppointmentNo == "12"'),
        (
            {"Assignments": [{"Resource": {"ResourceNo": "R1", "ResourceType": {"DisplayName": "Van"}}}]},
            'appointment.Resources.Any(ResourceNo == "R1" && ResourceType.Name == "Van")',
        ),
        (
            {"Assignments": [{"ResourceId": 1, "Resource": {"ResourceNo": "R1"}}]},
            'appointment.Resources.Any(Resource.ResourceNo == "R1" && ResourceId == 1)',
        ),
        ({"resources": [{"resourceNo": "R1"}]}, 'appointment.Assignments.Any(Resource.ResourceNo == "R1")'),
        (
            {"task": {"taskNo": "T", "job": {"jobNo": "J"}}},
            'appointment.JobNo == "J" && appointment.TaskNo == "T"',
        ),
        ({"task": {"job": {"jobNo": "J"}}}, 'appointment.Job.JobNo == "J"'),
    ],
)  # fmt: skip
def test_every_shape_in_which_the_board_delivers_reads_the_same(
    shape: dict[str, object], expression: str
) -> None:
    assert judge(expression, Record(shape)) is True


def test_an_aware_moment_is_read_on_the_boards_clock() -> None:
    moment = Record({"start": datetime(2025, 10, 2, 7, 0, tzinfo=UTC)})
    expression = compile_expression(
        "appointment.Start.Hour == 9", roots=ROOTS, zone=ZoneInfo("Europe/Brussels")
    )
    assert expression.evaluate({"appointment": moment})


def test_what_the_board_delivers_wrongly_is_named() -> None:
    with pytest.raises(EvaluationError, match=r'appointment\.Start is "soon": not a date'):
        judge("appointment.Start.Hour == 9", Record({"start": "soon"}))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+999999"), 10**400, "7,5"]
)
@pytest.mark.parametrize(
    "expression",
    ["appointment.PlanningQty > 1", "appointment.PlanningQty <> NULL && appointment.PlanningQty + 1 == 2"],
)
def test_what_is_no_number_is_named(value: object, expression: str) -> None:
    with pytest.raises(EvaluationError, match=r"appointment\.PlanningQty is .*: not a number"):
        judge(expression, Record({"planningQty": value}))


def test_what_is_no_number_is_named_where_nobody_declared_it() -> None:
    with pytest.raises(EvaluationError, match=r"appointment\.Extra\.Ratio is nan: not a number"):
        judge("appointment.Extra.Ratio == 1", Record({"Extra": {"Ratio": float("nan")}}))
