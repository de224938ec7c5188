"""Django and psycopg2: python3 django_app.py HOST PORT. Exits with a traceback on surprise."""

import io
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.utils import DataError, NotSupportedError

settings.configure(USE_TZ=True, DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": "walle", "USER": "app", "HOST": sys.argv[1], "PORT": sys.argv[2]}})
django.setup()

with connection.cursor() as cursor:
    cursor.execute("CREATE STREAM django")
    cursor.execute("CLAIM STREAM django")

# manage.py inspectdb writes the model, which is used as it stands.
out = io.StringIO()
call_command("inspectdb", "django", stdout=out)
written = out.getvalue()
assert "entry_id = models.BigIntegerField(primary_key=True)" in written, written
assert "unable to" not in written.lower(), written
module = {"__name__": "walle_app.models"}
exec(written.replace("    class Meta:\n", "    class Meta:\n        app_label = 'walle_app'\n"), module)
Entry = module["Django"]

with connection.cursor() as cursor:
    i = connection.introspection
    assert [t.name for t in i.get_table_list(cursor)] == ["django"]
    keys = i.get_constraints(cursor, "django")
    assert keys["django_pkey"]["primary_key"] and keys["django_pkey"]["columns"] == ["entry_id"], keys
    assert not i.get_relations(cursor, "django") and not i.get_sequences(cursor, "django")
call_command("check", database=["default"])

with transaction.atomic(), connection.cursor() as cursor:
    for n in range(1, 31):
        cursor.execute("INSERT INTO django (data) VALUES (%s)", [b"entry %d" % n])
    try:
        with transaction.atomic():
            cursor.execute("INSERT INTO django (data) VALUES ('dropped')")
            raise KeyError
    except KeyError:
        pass
assert Entry.objects.count() == 30
assert bytes(Entry.objects.get(pk=7).data) == b"entry 7"
assert list(Entry.objects.filter(entry_id__gte=29).order_by("-entry_id").values_list("entry_id", flat=True)) == [30, 29]
assert [e.entry_id for e in Entry.objects.order_by("entry_id").iterator(chunk_size=7)] == list(range(1, 31))
assert Entry.objects.aggregate(models.Max("entry_id"), models.Count("term", distinct=True)) == {"entry_id__max": 30, "term__count": 1}
assert Entry.objects.filter(appended_at__year__gte=2000, entry_id__in=[1, 2, 99]).count() == 2
for error, call in ((NotSupportedError, Entry.objects.filter(pk=1).delete), (DataError, lambda: Entry.objects.extra(select={"x": "1 / (entry_id - 1)"}).get(pk=1))):
    try:
        call()
    except error:
        continue
    raise AssertionError(f"succeeded, expected {error}")
