"""Every text of the product has a translation, and every translation fits its text."""

import gettext

import pytest

from script import messages
from script.translations import compile_translation


@pytest.fixture(scope="module")
def texts():
    return messages.extract_texts()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_text_is_translated(texts, language):
    problems = messages.find_problems(language, texts)

    assert problems == [], "run python -m script.messages extract, then translate locale/"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_translation_is_of_a_text_that_is_gone(texts, language):
    known = {(text.id, text.context) for text in texts}

    gone = [m.id for m in messages.read_catalog(language) if (m.id, m.context) not in known]

    assert [text for text in gone if text] == []


def test_texts_are_found_in_python_and_in_templates(texts):
    places = {place for text in texts for place, _ in text.locations}

    assert "labeling/performer/refusals.py" in places
    assert "templates/labeling/refusal.html" in places


def test_what_is_compiled_is_what_the_catalog_says(tmp_path):
    copy = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(messages.po_path("ru").read_bytes())
    compile_translation(copy)
    with copy.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    assert compiled.gettext("Back to Toloka") == "Вернуться в Толоку"
    seconds = [
        compiled.ngettext(
            "Next try in %(seconds)s second.", "Next try in %(seconds)s seconds.", number
        )
        for number in (1, 3, 5, 21)
    ]
    assert [text.split()[-1] for text in seconds] == [
        "секунду.",
        "секунды.",
        "секунд.",
        "секунду.",
    ]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree with one package and one template, and a place for its catalog."""
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    (tmp_path / "labeling").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "labeling" / "pools.py").write_text(
        'from django.utils.translation import gettext_lazy as _\nA = _("%(count)s pools")\n'
    )
    (tmp_path / "templates" / "page.html").write_text(
        '{% load i18n %}\n  <p>(\n    {% translate "It\'s here" %}\n'
        "{% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"
    )
    return tmp_path


def translate(tree, **translations):
    texts = messages.extract_texts(tree)
    messages.update_catalog("ru", texts)
    path = messages.po_path("ru")
    source = path.read_text()
    for text, translation in translations.items():
        source = source.replace(f'msgid "{text}"\nmsgstr ""', translation)
    path.write_text(source)
    return messages.find_problems("ru", texts)


def test_a_text_without_translation_is_named_with_its_place(tree):
    problems = translate(tree)

    assert problems == [
        "ru: '%(count)s pools' (labeling/pools.py): not translated",
        'ru: "It\'s here" (templates/page.html): not translated',
        "ru: '%(n)s row' (templates/page.html): not translated",
    ]


def test_a_text_that_the_catalog_lacks_is_named(tree):
    problems = messages.find_problems("ru", messages.extract_texts(tree))

    assert "ru: '%(count)s pools' (labeling/pools.py): missing" in problems


def test_a_doubtful_translation_is_named(tree):
    fuzzy = '#, fuzzy, python-format\nmsgid "%(count)s pools"\nmsgstr "пулов: %(count)s"'
    translate(tree)
    path = messages.po_path("ru")
    path.write_text(
        path.read_text().replace('#, python-format\nmsgid "%(count)s pools"\nmsgstr ""', fuzzy)
    )

    problems = messages.find_problems("ru", messages.extract_texts(tree))

    assert problems[0] == ("ru: '%(count)s pools' (labeling/pools.py): marked as doubtful (fuzzy)")


@pytest.mark.parametrize("translation", ["пулов: %(number)s", "пулы", "пулов: %(count)d"])
def test_a_translation_with_other_placeholders_is_named(tree, translation):
    problems = translate(
        tree, **{"%(count)s pools": f'msgid "%(count)s pools"\nmsgstr "{translation}"'}
    )

    assert problems[0].startswith("ru: '%(count)s pools' (labeling/pools.py): ")
    assert "not translated" not in problems[0]


def test_a_right_translation_is_no_problem(tree):
    problems = translate(
        tree, **{"%(count)s pools": 'msgid "%(count)s pools"\nmsgstr "пулов: %(count)s"'}
    )

    assert [problem for problem in problems if "pools" in problem] == []


def test_a_translation_is_kept_when_texts_change(tree):
    translate(tree, **{"%(count)s pools": 'msgid "%(count)s pools"\nmsgstr "пулов: %(count)s"'})
    (tree / "templates" / "page.html").write_text("{% load i18n %}{% translate 'New' %}")

    messages.update_catalog("ru", messages.extract_texts(tree))

    source = messages.po_path("ru").read_text()
    assert 'msgstr "пулов: %(count)s"' in source
    assert 'msgid "New"' in source
    assert "It's here" not in source
