import re

from labeling.template_builder.kinds import KINDS, find_unknown
from tests.settings import ROOT


def test_the_kinds_are_those_that_the_page_has() -> None:
    """The documentation's rows are compared with the page's own table by the page's tests."""
    text = (ROOT / "docs" / "template-builder.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([a-z]+\.[a-z-]+)`", text, re.MULTILINE)) == KINDS


def test_unknown_components_are_named_with_their_place() -> None:
    config = {
        "view": {
            "type": "view.list",
            "items": [
                {"type": "field.radio-grup"},
                {"type": "@toloka/view.text", "content": {"type": "data.input", "path": "a"}},
            ],
        },
        "plugins": [{"type": "plugin.toloka", "layout": {"kind": "pager"}}],
    }

    assert list(find_unknown(config)) == [("view.items.0", "field.radio-grup")]
