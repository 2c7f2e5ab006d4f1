"""Settings come from the environment: typed, checked at the start, all problems told at once.

Standard library only: the scripts read and make local secrets with it before Django is there.
"""

import base64
import binascii
import contextlib
import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BOOLEANS = {"1": True, "true": True, "yes": True, "on": True} | {
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class SettingsError(SystemExit):
    """The environment is not one the product can start with.

    A SystemExit, so that every program that loads the settings ends with the message alone.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = [f"{len(problems)} setting(s) to mend (see docs/operations.md):", *problems]
        super().__init__("\n  ".join(lines))


class Environment:
    """Reads variables and gathers what is wrong with them until :meth:`check` is called.

    A reader of a variable with a problem returns its default, or an empty value of its type.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []
        self.names: list[str] = []

    def check(self) -> None:
        """Raise SettingsError where anything read so far had a problem."""
        if self.problems:
            raise SettingsError(self.problems)

    def text(self, name: str, *, default: str | None = None) -> str:
        return self._read(name, str, "text", default, "")

    def choice(self, name: str, choices: Sequence[str], *, default: str) -> str:
        def parse(value: str) -> str:
            return choices[[choice.lower() for choice in choices].index(value.lower())]

        return self._read(name, parse, f"one of {', '.join(choices)}", default, default)

    def boolean(self, name: str, *, default: bool) -> bool:
        def parse(value: str) -> bool:
            return BOOLEANS[value.lower()]

        return self._read(name, parse, "true or false", default, default)

    def integer(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        def parse(value: str) -> int:
            number = int(value)
            if not minimum <= number <= maximum:
                raise ValueError
            return number

        return self._read(name, parse, f"a number from {minimum} to {maximum}", default, default)

    def word_list(self, name: str, *, default: Sequence[str] | None = None) -> list[str]:
        given = None if default is None else list(default)
        return self._read(name, _split, "words with commas between", given, [])

    def networks(self, name: str, *, default: Sequence[Network] | None = None) -> list[Network]:
        def parse(value: str) -> list[Network]:
            return [ipaddress.ip_network(part) for part in _split(value)]

        expected = "addresses or networks with commas between, like 10.0.0.0/8"
        given = None if default is None else list(default)
        return self._read(name, parse, expected, given, [])

    def path(self, name: str, *, default: Path) -> Path:
        def parse(value: str) -> Path:
            path = Path(value).expanduser()
            if not path.is_absolute():
                raise ValueError
            return path

        return self._read(name, parse, "an absolute path", default, default)

    def host(self, name: str, *, default: str | None = None) -> str:
        def parse(value: str) -> str:
            if "/" in value or " " in value:
                raise ValueError
            return value

        return self._read(name, parse, "a host name, without https://", default, "")

    def public_url(self, name: str, *, default: str) -> str:
        """Read the address of a site: scheme, host and port only, no slash at the end."""

        def parse(value: str) -> str:
            parts = urlsplit(value.rstrip("/"))
            _ = parts.port  # raises ValueError where it is no number
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
                raise ValueError
            return f"{parts.scheme}://{parts.netloc}"

        return self._read(name, parse, "an address like https://label.example.org", default, "")

    def secret(self, name: str, *, default: str | None = None, minimum_length: int = 32) -> str:
        def parse(value: str) -> str:
            if len(value) < minimum_length:
                raise ValueError
            return value

        expected = f"at least {minimum_length} random characters"
        return self._read(name, parse, expected, default, "", secret=True)

    def fernet_keys(self, name: str, *, default: str | None = None) -> list[str]:
        def parse(value: str) -> list[str]:
            keys = _split(value)
            for key in keys:
                if len(base64.b64decode(key, altchars=b"-_", validate=True)) != 32:
                    raise ValueError
            return keys

        expected = "Fernet keys (32 bytes in URL-safe base64) with commas between"
        return self._read(name, parse, expected, parse(default) if default else None, [], True)

    def database(self, name: str, *, default: str | None = None) -> dict[str, Any]:
        """Read a PostgreSQL address as the entry of Django's DATABASES, without an ENGINE."""
        expected = "an address like postgresql://user:password@host:5432/name"
        parsed = parse_database_url(default) if default else None
        return self._read(name, parse_database_url, expected, parsed, {}, True)

    def redis(self, name: str, *, default: str | None = None) -> str:
        def parse(value: str) -> str:
            parts = urlsplit(value)
            if parts.scheme == "unix" and parts.path.startswith("/"):
                return value
            if parts.scheme not in ("redis", "rediss") or not parts.hostname:
                raise ValueError
            _ = parts.port
            return value

        expected = "an address like redis://host:6379/0 or unix:///path/to/socket"
        return self._read(name, parse, expected, default, "", True)

    def _read(
        self,
        name: str,
        parse: Callable[[str], T],
        expected: str,
        default: T | None,
        empty: T,
        secret: bool = False,
    ) -> T:
        self.names.append(name)
        value = self._variables.get(name, "").strip()
        if not value and default is not None:
            return default
        if not value:
            self.problems.append(f"{name} is not set: expected {expected}")
            return empty
        try:
            return parse(value)
        except (ValueError, KeyError, binascii.Error):
            shown = "(its value is not shown)" if secret else f"is {value!r}"
            self.problems.append(f"{name} {shown}: expected {expected}")
            return empty


def parse_database_url(url: str) -> dict[str, Any]:
    """Turn ``postgresql://user:password@host:port/name?option=value`` into Django's words.

    ``?host=/folder`` names the folder of a Unix socket. Raises ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ValueError("not the address of a PostgreSQL database")
    options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    host = options.pop("host", unquote(parts.hostname or ""))
    port = options.pop("port", str(parts.port or ""))
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
    }


def read_local_secrets(path: Path) -> dict[str, str]:
    """Return the secrets of an installation on this machine alone; the first call makes them.

    The file is for its owner only (0600), one ``NAME=value`` a line; what is missing is added.
    """
    found: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
        found = {name: value for name, _, value in pairs}
    wanted = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "SANDBOX_TOKEN": secrets.token_urlsafe(24),
    }
    if wanted.keys() <= found.keys():
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in (wanted | found).items())
    if found:
        unfinished.replace(path)
    else:
        # Of two that start at once the first one's secrets stand for both.
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
        unfinished.unlink()
    return read_local_secrets(path)


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
