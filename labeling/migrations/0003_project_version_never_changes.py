from django.db import migrations


class Migration(migrations.Migration):
    """Let the database itself refuse a change to a project's version.

    Pools pin a version, and answers are valid under it: a version that moved would make accepted
    work wrong after the fact.
    """

    dependencies = [("labeling", "0002_owners")]

    operations = [
        migrations.RunSQL(
            sql="""
            CREATE FUNCTION labeling_refuse_version_change() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'project version % never changes; make a new one', OLD.id
                    USING ERRCODE = 'check_violation';
            END $$;
            CREATE TRIGGER version_never_changes BEFORE UPDATE ON labeling_projectversion
            FOR EACH ROW EXECUTE FUNCTION labeling_refuse_version_change();
            """,
            reverse_sql="""
            DROP TRIGGER version_never_changes ON labeling_projectversion;
            DROP FUNCTION labeling_refuse_version_change();
            """,
        )
    ]
