"""The timetable."""

from labelplatform.celery import TIMETABLE, app


def test_every_entry_of_the_timetable_is_a_job_and_every_job_has_its_entry() -> None:
    app.loader.import_default_modules()

    jobs = {name for name in app.tasks if name.startswith(("integration.", "labeling."))}

    assert jobs == set(TIMETABLE)
