"""script/test says what failed, and ends with what pytest said last."""

import sys

import pytest

from script import testing


def make_check(name, code):
    return testing.Check(name, [sys.executable, "-c", code], {})


def test_a_check_has_one_line_and_says_more_where_it_fails(capsys):
    passed = testing._run_lane(
        [make_check("calm", "print('noise')"), make_check("strict", "print('why'); exit(1)")]
    )

    lines = capsys.readouterr().out.splitlines()
    assert passed == ["strict"]
    assert [line.split("(")[0].rstrip() for line in lines] == [
        "calm           ok",
        "strict         FAILED",
        "why",
    ]


@pytest.mark.parametrize(
    ("failed", "pytest_code", "code"), [([], 0, 0), ([], 1, 1), (["mypy"], 0, 1)]
)
def test_the_last_line_is_that_of_pytest(monkeypatch, capsys, failed, pytest_code, code):
    def pretend_pytest(arguments, **options):
        testing.say("5 passed in 1.00s")
        return pytest_code, "5 passed in 1.00s"

    monkeypatch.setattr(testing, "run_checks", lambda **options: failed)
    monkeypatch.setattr(testing, "run_pytest", pretend_pytest)
    monkeypatch.setattr(testing.browser, "unpack_browser", lambda: None)

    returned = testing.main(["all", "tests/labeling"])

    lines = capsys.readouterr().out.splitlines()
    assert returned == code
    assert lines[-1] == "5 passed in 1.00s"
    assert ("failed before the tests: mypy" in lines) is bool(failed)


def test_arguments_reach_pytest_and_its_closing_line_comes_back(tmp_path, capsys):
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    code, line = testing.run_pytest(
        [str(tmp_path), "-c", str(tmp_path / "pytest.ini"), "-p", "no:django"],
        is_quick=True,
        is_long=False,
    )

    assert code == 0
    assert line.startswith("1 passed in ")
