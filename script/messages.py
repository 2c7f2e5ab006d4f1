"""The texts of the product and their translations: ``python -m script.messages``.

``extract`` writes the texts found in Python and templates into locale/<language>/LC_MESSAGES/
django.po, for a person to translate; ``compile`` makes the .mo files that Django reads, as the
setup does; ``check`` names what is not translated. GNU gettext is not needed. The labeling page
has texts of its own, in frontend/labeling/messages.ts.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import extract as babel_extract
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from script.translations import compile_translation

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
LANGUAGES = ("ru",)  # English is what stands in the sources
PACKAGES = ("integration", "labeling", "labelplatform")
KEYWORDS = babel_extract.DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# Without Babel's dates, so that a file changes only when a text does.
HEADER = """\
# Texts of the product; python -m script.messages extract keeps them complete.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
PLACEHOLDER = re.compile(r"%\(\w+\)[#0 +-]*[\d.]*[a-zA-Z]|%[a-z]\b|\{\w*\}")


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def extract_texts(root: Path = ROOT) -> Catalog:
    """Gather every text marked for translation, with the files it stands in."""
    catalog = Catalog(fuzzy=False)
    for path, source in _sources(root):
        place = path.relative_to(root).as_posix()
        found = babel_extract.extract("python", io.BytesIO(source), keywords=KEYWORDS)
        for _, text, comments, context in found:
            catalog.add(text, None, [(place, 0)], auto_comments=comments, context=context)
    return catalog


def read_catalog(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update_catalog(language: str, texts: Catalog) -> None:
    """Write ``texts`` into the language's file, with the translations that it has."""
    catalog = read_catalog(language)
    # A guess by similarity says something else than the text does: better none.
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEADER.format(language=language, plural_forms=catalog.plural_forms).encode())
        options = {"omit_header": True, "sort_by_file": True, "include_lineno": False}
        write_po(file, catalog, width=100, **options)


def find_problems(language: str, texts: Catalog) -> list[str]:
    """Name each text that ``language`` lacks, has no translation for, or spoils."""
    catalog = read_catalog(language)
    problems = []
    for text in texts:
        if not text.id:
            continue
        translated = catalog.get(_singular(text), text.context)
        where = ", ".join(sorted({place for place, _ in text.locations}))
        problem = _find_problem(translated, catalog.num_plurals)
        if problem:
            problems.append(f"{language}: {_singular(text)!r} ({where}): {problem}")
    return problems


def _find_problem(translated: Message | None, plurals: int) -> str | None:
    if translated is None:
        return "missing"
    given = translated.string if isinstance(translated.string, tuple) else (translated.string,)
    strings = [string for string in given if isinstance(string, str) and string]
    if len(strings) < (plurals if translated.pluralizable else 1):
        return "not translated"
    if translated.fuzzy:
        return "marked as doubtful (fuzzy)"
    original = translated.id if isinstance(translated.id, str) else translated.id[-1]
    needed = set(PLACEHOLDER.findall(original))
    for string in strings:
        found = set(PLACEHOLDER.findall(string))
        if found != needed:
            return f"has the placeholders {sorted(found)}, not {sorted(needed)}"
    return None


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _sources(root: Path) -> Iterator[tuple[Path, bytes]]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_bytes()
    for folder in (root / "templates", *(root / package for package in PACKAGES)):
        for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")]):
            # Brackets around it, since the indentation of HTML is none of Python's.
            yield path, f"({templatize(path.read_text())}\n)".encode()


def main(arguments: list[str]) -> int:
    if arguments == ["extract"]:
        texts = extract_texts()
        for language in LANGUAGES:
            update_catalog(language, texts)
    elif arguments == ["compile"]:
        for language in LANGUAGES:
            compile_translation(po_path(language))
    elif arguments == ["check"]:
        texts = extract_texts()
        problems = [line for language in LANGUAGES for line in find_problems(language, texts)]
        print(*problems, sep="\n", end="\n" if problems else "")
        return 1 if problems else 0
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
