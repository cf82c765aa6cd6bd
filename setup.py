"""The distribution "exchange-connector": two top-level packages, `actors` and `models`, and one command."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

RUNTIME = [
    "pykka>=4.5,<5",
    "msal>=1.31,<2",
    "requests>=2.32,<3",
    "orjson>=3.10,<4",
    "peewee>=4.5,<5",
    "tenacity>=9,<10",
    "pydantic>=2.9,<3",
    "pydantic-settings>=2.6,<3",
    "typer>=0.15,<1",
    "rich>=13.9",
    "structlog>=24.4",
    "prometheus-client>=0.21,<1",
    "Flask>=3.1,<4",
    "waitress>=3.0.2,<4",
    "Jinja2>=3.1.5,<4",
    "lark>=1.2,<2",
    "tzdata",
    "tzlocal>=5.3,<6",
]

POSTGRES = ["psycopg[binary]>=3.2,<4"]

TEST = [
    *POSTGRES,  # so that its use is type-checked
    "aiohttp>=3.11,<4",
    "hypothesis>=6.120,<7",
    "jsonschema>=4.23,<5",
    "mypy>=1.14",
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "python-dateutil>=2.9",
    "PyYAML>=6.0.2",
    "requests-mock>=1.12,<2",
    "ruff>=0.9",
    "trustme>=1.2,<2",
    "types-python-dateutil",
    "types-PyYAML",
    "types-requests",
    "uvloop>=0.21; sys_platform != 'win32'",
]

OFFICIAL_CLIENTS = [
    "azure-identity>=1.19,<2",
    "deprecated",  # msgraph-core imports it and does not declare it
    "dimescheduler>=0.3.1,<0.4",
    "msgraph-sdk>=1.15,<2",
    "O365>=2.1,<3",
]

setup(
    name="exchange-connector",
    version="0.1.0",
    description="Keeps the Dime.Scheduler planning board and Outlook calendars in step, both ways",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["actors", "actors.*", "models", "models.*"]),
    package_data={"actors": ["py.typed", "**/*.html", "**/*.css", "**/*.js"], "models": ["py.typed"]},
    scripts=["bin/exchange-connector"],
    install_requires=RUNTIME,
    extras_require={
        "postgres": POSTGRES,
        "test": TEST,
        "official-clients": OFFICIAL_CLIENTS,
    },
)
