"""Making what a checkout needs; how a registry that is away is told."""

import json
import os
import shutil
import subprocess

import pytest

from script import installation
from script.terminal import ScriptError
from tests.settings import ROOT

NOBODY_LISTENS = "http://127.0.0.1:9/"
BARE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def checkout(tmp_path):
    """What a fresh clone needs to begin, in a folder with blanks."""
    folder = tmp_path / "a fresh clone"
    folder.mkdir()
    shutil.copytree(ROOT / "script", folder / "script")
    for path in (*ROOT.glob("requirements*.txt"), ROOT / "package.json"):
        shutil.copy(path, folder)
    return folder


def run(checkout, *command, **variables):
    return subprocess.run(
        [str(shutil.which("bash")), str(checkout / command[0]), *command[1:]],
        env={**BARE, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_python_index_that_is_away_gets_one_line(checkout):
    ended = run(checkout, "script/run", PIP_INDEX_URL=NOBODY_LISTENS)

    assert ended.returncode == 1
    log = checkout / "var" / "log" / "installation.log"
    assert ended.stderr.splitlines() == [
        "The Python package index cannot be reached to install Python packages: check the "
        f"network, or name another with PIP_INDEX_URL (details in {log})"
    ]
    assert "Traceback" not in ended.stdout


@pytest.mark.slow
def test_an_npm_registry_that_is_away_gets_one_line(tmp_path, monkeypatch):
    wanted = {"dependencies": {"preact": "10.0.0"}}
    locked = {"node_modules/preact": {"version": "10.0.0"}}
    (tmp_path / "package.json").write_text(json.dumps(wanted))
    (tmp_path / "package-lock.json").write_text(
        json.dumps({"lockfileVersion": 3, "packages": {"": wanted, **locked}})
    )
    monkeypatch.setattr(installation, "LOG", tmp_path / "installation.log")
    node = installation._find_node()
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    monkeypatch.setenv("npm_config_registry", NOBODY_LISTENS)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    installation.LOG.touch()

    with pytest.raises(ScriptError, match="The npm registry cannot be reached"):
        installation._install_node_packages(node)


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [("v20.20.2", False), ("v22.16.9", False), ("v22.17.0", True), ("v24.1.0", True)],
)
def test_node_is_taken_from_the_path_where_it_is_new_enough(
    tmp_path, monkeypatch, version, is_taken
):
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    node = installation._find_node()

    assert (node == tmp_path / "node") is is_taken


def test_a_wrong_option_is_told_before_anything_is_installed(checkout):
    ended = run(checkout, "script/run", "--port", "many")

    assert ended.returncode == 2
    assert "argument --port" in ended.stderr
    assert not (checkout / ".venv").exists()


def test_a_machine_without_python_gets_one_line(checkout, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(shutil.which(name))

    ended = run(checkout, "script/run", PATH=str(tools))

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python names one."
    ]
