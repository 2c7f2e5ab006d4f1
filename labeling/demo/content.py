"""The demo's two projects: fields, interfaces, instructions, tasks."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoProject:
    """One project with one pool; ``make_tasks`` gets the address of the demo's static files."""

    key: str
    public_name: str
    public_description: str
    instructions: str
    input_spec: Mapping[str, Any]
    output_spec: Mapping[str, Any]
    view: Mapping[str, Any]
    pool: Mapping[str, Any]
    card: Mapping[str, Any]
    make_tasks: Callable[[str], Iterator[Item]]

    @property
    def view_spec(self) -> Item:
        return {"type": "tb", "config": json.dumps(self.view, ensure_ascii=False, indent=2)}


@dataclass(frozen=True, slots=True)
class _Choice:
    """A closed question with a key for each option."""

    path: str
    label: str
    component: str
    hint: str
    options: Sequence[tuple[str, str, str]] = field(default_factory=tuple)  # value, label, key

    def as_field(self) -> Item:
        return {
            "type": self.component,
            "label": self.label,
            "data": _output(self.path),
            "options": [{"value": value, "label": label} for value, label, _key in self.options],
            "validation": {"type": "condition.required", "hint": self.hint},
        }

    def as_hotkeys(self) -> Item:
        return {
            key: {"type": "action.set", "data": _output(self.path), "payload": value}
            for value, _label, key in self.options
        }


def _input(path: str) -> Item:
    return {"type": "data.input", "path": path}


def _output(path: str) -> Item:
    return {"type": "data.output", "path": path}


def _task(values: Item, solution: Item, item: Item) -> Item:
    """Turn an item of a data file into Toloka's JSON of a task."""
    task: Item = {"input_values": values}
    if item["kind"] != "ordinary":
        task["known_solutions"] = [{"output_values": solution, "correctness_weight": 1}]
        # A training task would be any with a hint; only those that are meant as such bring one.
        task["message_on_unknown_solution"] = item.get("hint", "")
    return task


def _read(name: str) -> list[Item]:
    items: list[Item] = json.loads((HERE / name).read_text())
    return items


# --- Digits

_DIGIT = _Choice(
    path="digit",
    label="Which digit is it?",
    component="field.button-radio-group",
    hint="Choose a digit.",
    options=tuple((str(digit), str(digit), str(digit)) for digit in range(10)),
)

DIGITS: Final = DemoProject(
    key="digits",
    public_name="Which digit is it?",
    public_description="Look at a handwritten digit and press the button with that digit.",
    instructions=(HERE / "digits.md").read_text(),
    input_spec={
        "image": {"type": "url", "required": True},
        # What it really is; for the requester's own comparison, so it never goes to a performer.
        "written": {"type": "string", "required": False, "hidden": True},
    },
    output_spec={
        "digit": {
            "type": "string",
            "required": True,
            "allowed_values": [str(digit) for digit in range(10)],
        },
        "unsure": {"type": "boolean", "required": False},
        "comment": {"type": "string", "required": False, "max_length": 200},
    },
    view={
        "view": {
            "type": "view.list",
            "items": [
                {
                    "type": "view.image",
                    "url": _input("image"),
                    "ratio": [1, 1],
                    "maxWidth": 160,
                    "popup": False,
                    "noLazyLoad": True,
                },
                _DIGIT.as_field(),
                {"type": "field.checkbox", "label": "I am not sure", "data": _output("unsure")},
                {
                    "type": "helper.if",
                    "condition": {
                        "type": "condition.equals",
                        "data": _output("unsure"),
                        "to": True,
                    },
                    "then": {
                        "type": "field.text",
                        "label": "What makes it hard?",
                        "placeholder": "A few words, if you like",
                        "data": _output("comment"),
                    },
                },
            ],
        },
        "plugins": [
            {"type": "plugin.toloka", "layout": {"kind": "scroll", "taskWidth": 460}},
            {"type": "plugin.hotkeys", **_DIGIT.as_hotkeys()},
        ],
    },
    pool={
        "private_name": "Digits, first batch",
        "reward_per_assignment": Decimal("0.02"),
        "budget_cap": Decimal(25),
        "default_overlap_for_new_tasks": 3,
        "real_tasks_count": 4,
        "golden_tasks_count": 1,
        "min_golden_tasks_count": 0,
        "training_tasks_count": 1,
        "min_training_tasks_count": 0,
        "scored_fields": ["digit"],
    },
    card={"price_min": Decimal("0.02"), "price_max": Decimal("1.2")},
    make_tasks=lambda static_url: (
        _task(
            {"image": f"{static_url}demo/digits/{item['file']}", "written": item["digit"]},
            {"digit": item["digit"]},
            item,
        )
        for item in _read("digits.json")
    ),
)

# --- Texts

_MOOD = _Choice(
    path="sentiment",
    label="How does the writer feel about it?",
    component="field.button-radio-group",
    hint="Say how the writer feels.",
    options=(
        ("positive", "Good", "1"),
        ("neutral", "Neither", "2"),
        ("negative", "Bad", "3"),
    ),
)
_TOPIC = _Choice(
    path="topic",
    label="What is it about?",
    component="field.radio-group",
    hint="Choose what it is about.",
    options=(
        ("food", "Food and restaurants", "q"),
        ("travel", "Travel and places", "w"),
        ("devices", "Devices", "e"),
        ("films", "Films", "r"),
    ),
)

TEXTS: Final = DemoProject(
    key="texts",
    public_name="Good, bad or neither?",
    public_description="Read a short sentence; say how the writer feels and what it is about.",
    instructions=(HERE / "texts.md").read_text(),
    input_spec={"text": {"type": "string", "required": True, "max_length": 500}},
    output_spec={
        "sentiment": {
            "type": "string",
            "required": True,
            "allowed_values": [value for value, _label, _key in _MOOD.options],
        },
        "topic": {
            "type": "string",
            "required": True,
            "allowed_values": [value for value, _label, _key in _TOPIC.options],
        },
        "comment": {"type": "string", "required": False, "max_length": 500},
    },
    view={
        "view": {
            "type": "view.list",
            "items": [
                {"type": "view.markdown", "content": "**Read the sentence:**"},
                {"type": "view.text", "content": _input("text")},
                _MOOD.as_field(),
                _TOPIC.as_field(),
                {
                    "type": "field.checkbox",
                    "label": "I want to say something about this sentence",
                    "data": {"type": "data.internal", "path": "has_comment"},
                },
                {
                    "type": "helper.if",
                    "condition": {
                        "type": "condition.equals",
                        "data": {"type": "data.internal", "path": "has_comment"},
                        "to": True,
                    },
                    "then": {
                        "type": "field.textarea",
                        "label": "Your comment",
                        "rows": 3,
                        "data": _output("comment"),
                        "validation": {
                            "type": "condition.required",
                            "hint": "Write your comment, or untick the box above.",
                        },
                    },
                },
            ],
        },
        "plugins": [
            {"type": "plugin.toloka", "layout": {"kind": "scroll", "taskWidth": 640}},
            {"type": "plugin.hotkeys", **_MOOD.as_hotkeys(), **_TOPIC.as_hotkeys()},
        ],
    },
    pool={
        "private_name": "Sentences, first batch",
        "reward_per_assignment": Decimal("0.03"),
        "budget_cap": Decimal(15),
        "default_overlap_for_new_tasks": 2,
        "real_tasks_count": 4,
        "golden_tasks_count": 1,
        "min_golden_tasks_count": 0,
        "training_tasks_count": 1,
        "min_training_tasks_count": 0,
        "scored_fields": ["sentiment", "topic"],
    },
    card={"price_min": Decimal("0.03"), "price_max": Decimal("0.69")},
    make_tasks=lambda _static_url: (
        _task(
            {"text": item["text"]},
            {"sentiment": item["sentiment"], "topic": item["topic"]},
            item,
        )
        for item in _read("texts.json")
    ),
)

PROJECTS: Final = (DIGITS, TEXTS)
