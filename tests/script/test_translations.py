import gettext
import subprocess
import sys

from tests.settings import ROOT

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "Submit"
msgstr "Отправить"

msgid "%d task"
msgid_plural "%d tasks"
msgstr[0] "%d задание"
msgstr[1] "%d задания"
msgstr[2] "%d заданий"
"""  # noqa: E501  # a line of the format


def test_a_translation_is_compiled_beside_its_source(tmp_path):
    folder = tmp_path / "locale" / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(PO)

    command = [sys.executable, "-m", "script.translations", str(folder / "django.po")]
    subprocess.run(command, cwd=ROOT, check=True)

    russian = gettext.translation("django", tmp_path / "locale", ["ru"])
    assert russian.gettext("Submit") == "Отправить"
    assert [russian.ngettext("%d task", "%d tasks", number) % number for number in (1, 3, 11)] == [
        "1 задание",
        "3 задания",
        "11 заданий",
    ]
