"""Reading a file of tasks: a tab-separated table, or an object of JSON a line.

Streamed: one row is in memory at a time. A row comes out as a draft of a task or with everything
that is wrong in it, each named by its column.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any, Final

from labeling.specification.cells import parse_cell, parse_json
from labeling.specification.failures import Failure, shorten
from labeling.specification.failures import gettext_noop as _
from labeling.specification.tasks import Spec, TaskDraft, check_hint, check_overlap, check_task
from labeling.specification.values import check_values

MAX_LINE: Final = 1 << 22  # characters; Toloka takes 1 MiB of input and 4 MiB of output a task
HINT: Final = "HINT:text"
OVERLAP: Final = "TASK:overlap"

# One limit for the whole process; Python's own would refuse a long text.
csv.field_size_limit(MAX_LINE)


@dataclass(slots=True)
class Row:
    """One row of the file, counted from 1 with the header; a failure's path is its column.

    After a row that ``ends_file`` nothing more can be read.
    """

    number: int
    draft: TaskDraft | None = None
    failures: list[Failure] = field(default_factory=list)
    ends_file: bool = False


class UnreadableError(Exception):
    """The file can't be read on; holds what is wrong."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def read_tasks(file: IO[bytes], *, input_spec: Spec, output_spec: Spec) -> Iterator[Row]:
    """Read a file as it comes, JSON lines or a table, whichever its first character tells.

    ``file`` is at its beginning and can seek. UTF-8, or UTF-16 with its mark. Blank lines, by
    which Toloka's files part pages, are passed over.
    """
    lines = _read_lines(file)
    number = 0
    try:
        for number, first in enumerate(lines, 1):
            if not first.strip():
                continue
            if first.lstrip().startswith(("{", "[")):
                rows = _read_json_lines(number, chain([first], lines), input_spec, output_spec)
            else:
                rows = _Table(first, lines, input_spec, output_spec).rows(number)
            yield from rows
            return
    except UnreadableError as error:
        yield Row(number + 1, failures=[error.failure], ends_file=True)


def _read_lines(file: IO[bytes]) -> Iterator[str]:
    start = file.read(4)
    file.seek(0)
    is_utf_16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = io.TextIOWrapper(file, encoding="utf-16" if is_utf_16 else "utf-8-sig", newline="")
    try:
        while line := text.readline(MAX_LINE):
            if len(line) == MAX_LINE:
                raise UnreadableError(
                    Failure(
                        "",
                        "VALUE_OUT_OF_BOUNDS",
                        _("A line is longer than %(max)s characters"),
                        {"max": MAX_LINE},
                    )
                )
            yield line
    except UnicodeError as error:
        raise UnreadableError(
            Failure(
                "",
                "INVALID_CHARACTER",
                _("The file must be text in UTF-8: %(cause)s"),
                {"cause": str(error)},
            )
        ) from None
    finally:
        text.detach()  # else the caller's file would be closed with it


def _read_json_lines(
    start: int, lines: Iterable[str], input_spec: Spec, output_spec: Spec
) -> Iterator[Row]:
    number = start - 1
    try:
        for number, line in enumerate(lines, start):
            if line.strip():
                yield _row_of_json(number, line, input_spec, output_spec)
    except UnreadableError as error:
        yield Row(number + 1, failures=[error.failure], ends_file=True)


def _row_of_json(number: int, line: str, input_spec: Spec, output_spec: Spec) -> Row:
    try:
        item = parse_json(line)
    except ValueError as error:
        return Row(
            number,
            failures=[
                Failure(
                    "",
                    "JSON_EXPECTED",
                    _("Each line is one JSON object: %(cause)s"),
                    {"cause": str(error)},
                )
            ],
        )
    if not isinstance(item, dict):
        return Row(
            number,
            failures=[
                Failure(
                    "",
                    "OBJECT_EXPECTED",
                    _('Each line is one JSON object {"input_values": {…}}; found %(found)s'),
                    {"found": shorten(item)},
                )
            ],
        )
    checked = check_task(item, input_spec=input_spec, output_spec=output_spec)
    return Row(number, failures=checked) if isinstance(checked, list) else Row(number, checked)


class _Table:
    """A table with a header; each column is a field of the task."""

    def __init__(
        self, header: str, lines: Iterable[str], input_spec: Spec, output_spec: Spec
    ) -> None:
        delimiter = "," if "," in header and "\t" not in header else "\t"
        self._cells = csv.reader(chain([header], lines), delimiter=delimiter, strict=True)
        self._input_spec = input_spec
        self._output_spec = output_spec
        self._columns: list[str] = []

    def rows(self, start: int) -> Iterator[Row]:
        number = start - 1
        while True:
            number += 1
            try:
                cells = next(self._cells)
            except StopIteration:
                return
            except UnreadableError as error:
                yield Row(number, failures=[error.failure], ends_file=True)
                return
            except csv.Error as error:
                yield Row(
                    number,
                    failures=[
                        Failure(
                            "",
                            "INVALID_SYNTAX",
                            _(
                                "A cell that begins with a quote ends with one, and quotes in it "
                                "are doubled: %(cause)s"
                            ),
                            {"cause": str(error)},
                        )
                    ],
                    ends_file=not self._columns,
                )
                if not self._columns:
                    return
                continue
            if not self._columns:
                self._columns = [name.strip() for name in cells]
                if failures := list(self._check_header()):
                    yield Row(number, failures=failures, ends_file=True)
                    return
            elif any(cell.strip() for cell in cells):
                yield self._row(number, cells)

    def _check_header(self) -> Iterator[Failure]:
        known = {
            *(f"INPUT:{name}" for name in self._input_spec),
            *(f"GOLDEN:{name}" for name in self._output_spec),
            HINT,
            OVERLAP,
        }
        for name in dict.fromkeys(self._columns):
            if name not in known:
                yield Failure(
                    shorten(name),
                    "VALUE_NOT_ALLOWED",
                    _("There is no column %(found)s here; known columns: %(known)s"),
                    {"found": shorten(name), "known": ", ".join(sorted(known))},
                )
            elif self._columns.count(name) > 1:
                yield Failure(name, "DUPLICATE_VALUE", _("The column is there more than once"))
        for name, rules in self._input_spec.items():
            if rules.get("required") and f"INPUT:{name}" not in self._columns:
                yield Failure(
                    f"INPUT:{name}",
                    "VALUE_REQUIRED",
                    _("The field is required; a column for it is needed"),
                )

    def _row(self, number: int, cells: list[str]) -> Row:
        failures: list[Failure] = []
        values: dict[str, Any] = {}
        solution: dict[str, Any] = {}
        overlap: Any = None
        hint = ""
        for column, text in zip(self._columns, cells, strict=False):
            if not text:
                continue
            side, _colon, name = column.partition(":")
            try:
                if side == "INPUT":
                    values[name] = parse_cell(self._input_spec[name]["type"], text)
                elif side == "GOLDEN":
                    solution[name] = parse_cell(self._output_spec[name]["type"], text)
                elif column == HINT:
                    hint = text
                else:
                    overlap = parse_cell("integer", text)
                    failures += check_overlap(overlap, OVERLAP)
            except ValueError as error:
                failures.append(
                    Failure(
                        column,
                        "JSON_EXPECTED",
                        _("The cell must hold JSON: %(cause)s"),
                        {"cause": str(error)},
                    )
                )
        if any(cells[len(self._columns) :]):
            failures.append(
                Failure(
                    "",
                    "VALUE_NOT_ALLOWED",
                    _("The row has %(found)s cells, the header %(known)s"),
                    {"found": len(cells), "known": len(self._columns)},
                )
            )
        told = {failure.path for failure in failures}
        failures += [
            failure
            for failure in chain(
                _in_columns(check_values(self._input_spec, values, side="input_values"), "INPUT"),
                _in_columns(
                    check_values(self._output_spec, solution, side="output_values", partial=True),
                    "GOLDEN",
                ),
                check_hint(hint, HINT, has_solution=bool(solution)),
            )
            if failure.path not in told
        ]
        if failures:
            return Row(number, failures=failures)
        known = [{"output_values": solution, "correctness_weight": 1}] if solution else []
        return Row(
            number,
            TaskDraft(input_values=values, known_solutions=known, hint=hint, overlap=overlap),
        )


def _in_columns(failures: Iterable[Failure], side: str) -> Iterator[Failure]:
    for failure in failures:
        column = f"{side}:{failure.path.partition('.')[2]}"
        yield Failure(column, failure.code, failure.template, failure.params)
