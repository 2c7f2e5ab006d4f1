from script.stamps import digest_files, is_current, write_stamp


def test_a_step_is_current_until_a_file_changes(tmp_path):
    folder, stamp = tmp_path / "sources", tmp_path / "made" / "stamp"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.ts").write_text("one")

    before = is_current(stamp, digest_files([folder]))
    write_stamp(stamp, digest_files([folder]))
    after = is_current(stamp, digest_files([folder]))
    (folder / "inner" / "a.ts").write_text("two")
    changed = is_current(stamp, digest_files([folder]))

    assert [before, after, changed] == [False, True, False]


def test_new_renamed_and_missing_files_and_words_make_a_difference(tmp_path):
    file = tmp_path / "a"
    missing = digest_files([file])
    file.write_text("")
    empty = digest_files([file])
    file.rename(tmp_path / "b")
    renamed = digest_files([tmp_path / "b"])
    (tmp_path / "c").write_text("")
    added = digest_files([tmp_path])
    word = digest_files([tmp_path / "b"], "3.12")

    assert len({missing, empty, renamed, added, word}) == 5
