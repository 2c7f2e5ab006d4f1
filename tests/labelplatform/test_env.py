import os
import stat
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from labelplatform.env import (
    Environment,
    SettingsError,
    parse_database_url,
    read_local_secrets,
)
from labelplatform.settings import ENVIRONMENT
from tests.settings import ROOT

KEY = "dGVzdHMtb25seS1rZXktb2YtMzItYnl0ZXMtbG9uZyE="


def test_what_is_given_is_read_in_its_type():
    environment = Environment(
        {
            "A": "yes",
            "B": "12",
            "C": "JSON",
            "D": "a.example.org, b.example.org",
            "E": "10.0.0.0/8,192.0.2.7",
            "F": "/srv/media",
            "G": "https://label.example.org/",
            "H": f"{KEY},{KEY}",
            "I": "redis://cache:6379/2",
            "J": "s" * 32,
        }
    )

    read = [
        environment.boolean("A", default=False),
        environment.integer("B", default=1, minimum=1, maximum=20),
        environment.choice("C", ["json", "text"], default="text"),
        environment.word_list("D"),
        environment.networks("E"),
        environment.path("F", default=Path("/")),
        environment.public_url("G", default=""),
        environment.fernet_keys("H"),
        environment.redis("I"),
        environment.secret("J"),
    ]

    environment.check()
    assert read == [
        True,
        12,
        "json",
        ["a.example.org", "b.example.org"],
        [ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32")],
        Path("/srv/media"),
        "https://label.example.org",
        [KEY, KEY],
        "redis://cache:6379/2",
        "s" * 32,
    ]


def test_what_is_not_given_has_its_default():
    environment = Environment({"EMPTY": " "})

    read = [
        environment.boolean("MISSING", default=True),
        environment.integer("EMPTY", default=4, minimum=1, maximum=9),
        environment.networks("MISSING", default=[]),
        environment.secret("MISSING", default=""),
    ]

    environment.check()
    assert read == [True, 4, [], ""]


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("boolean", "maybe", "X is 'maybe': expected true or false"),
        ("integer", "many", "X is 'many': expected a number from 1 to 9"),
        ("integer", "10", "X is '10': expected a number from 1 to 9"),
        ("choice", "xml", "X is 'xml': expected one of json, text"),
        ("path", "media", "X is 'media': expected an absolute path"),
        ("host", "https://m.org", "X is 'https://m.org': expected a host name, without https://"),
        (
            "public_url",
            "label.example.org",
            "X is 'label.example.org': expected an address like https://label.example.org",
        ),
        (
            "public_url",
            "https://label.example.org/path",
            "X is 'https://label.example.org/path': expected an address like "
            "https://label.example.org",
        ),
        (
            "networks",
            "10.0.0.0/33",
            "X is '10.0.0.0/33': expected addresses or networks with commas between, "
            "like 10.0.0.0/8",
        ),
        ("secret", "", "X is not set: expected at least 32 random characters"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(kind, value, problem):
    options = {
        "boolean": {"default": False},
        "integer": {"default": 1, "minimum": 1, "maximum": 9},
        "choice": {"choices": ["json", "text"], "default": "json"},
        "path": {"default": Path("/")},
        "public_url": {"default": "http://localhost"},
    }
    environment = Environment({"X": value})

    getattr(environment, kind)("X", **options.get(kind, {}))

    assert environment.problems == [problem]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("secret", "hunter2"),
        ("fernet_keys", "hunter2"),
        ("fernet_keys", f"{KEY},hunter2"),
        ("database", "mysql://root:hunter2@db/name"),
        ("database", "postgresql://root:hunter2@db:port/name"),
        ("redis", "http://:hunter2@cache"),
    ],
)
def test_the_value_of_a_secret_is_never_shown(kind, value):
    environment = Environment({"X": value})

    getattr(environment, kind)("X")

    assert len(environment.problems) == 1
    assert environment.problems[0].startswith("X (its value is not shown): expected ")
    assert "hunter2" not in environment.problems[0]


def test_all_problems_are_told_at_once():
    environment = Environment({"A": "?", "B": "?"})
    environment.boolean("A", default=False)
    environment.integer("B", default=1, minimum=1, maximum=9)

    with pytest.raises(SettingsError) as raised:
        environment.check()

    assert str(raised.value.code).split("\n") == [
        "2 setting(s) to mend (see docs/operations.md):",
        "  A is '?': expected true or false",
        "  B is '?': expected a number from 1 to 9",
    ]


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        (
            "postgresql://ann:p%40ss@db.example.org:5433/label?sslmode=require",
            {
                "NAME": "label",
                "USER": "ann",
                "PASSWORD": "p@ss",
                "HOST": "db.example.org",
                "PORT": "5433",
                "OPTIONS": {"sslmode": "require"},
            },
        ),
        (
            "postgresql://label@/label?host=/tmp/a%20b/s",
            {
                "NAME": "label",
                "USER": "label",
                "PASSWORD": "",
                "HOST": "/tmp/a b/s",
                "PORT": "",
                "OPTIONS": {},
            },
        ),
    ],
)
def test_a_database_address_is_taken_apart(url, parsed):
    assert parse_database_url(url) == parsed


def test_local_secrets_are_made_once_and_for_their_owner_only(tmp_path):
    path = tmp_path / "var" / "secrets.env"

    first, second = read_local_secrets(path), read_local_secrets(path)

    assert first == second
    assert set(first) == {"SECRET_KEY", "FIELD_KEYS", "SANDBOX_TOKEN"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Environment(first).secret("SECRET_KEY")
    assert len(Environment(first).fernet_keys("FIELD_KEYS")) == 1


def test_a_missing_local_secret_is_added_to_the_others(tmp_path):
    path = tmp_path / "secrets.env"
    path.write_text("SECRET_KEY=kept\n")

    found = read_local_secrets(path)

    assert found["SECRET_KEY"] == "kept"
    assert set(found) == {"SECRET_KEY", "FIELD_KEYS", "SANDBOX_TOKEN"}


@pytest.mark.slow
def test_a_program_with_wrong_settings_ends_with_the_message_alone():
    variables = {"PATH": os.environ["PATH"], "DEBUG": "perhaps", "SECRET_KEY": "short"}

    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "5 setting(s) to mend (see docs/operations.md):",
        "  DEBUG is 'perhaps': expected true or false",
        "  SECRET_KEY (its value is not shown): expected at least 32 random characters",
        "  FIELD_KEYS is not set: expected Fernet keys (32 bytes in URL-safe base64) with commas "
        "between",
        "  DATABASE_URL is not set: expected an address like "
        "postgresql://user:password@host:5432/name",
        "  REDIS_URL is not set: expected an address like redis://host:6379/0 or "
        "unix:///path/to/socket",
    ]


def test_every_setting_is_in_the_documentation():
    documented = (ROOT / "docs" / "operations.md").read_text()

    assert [name for name in ENVIRONMENT.names if f"| `{name}` |" not in documented] == []
