"""An application on psycopg: python3 psycopg_app.py DSN OTHER_DSN. Exits with a traceback on surprise."""

import datetime
import sys
import threading

import psycopg
from psycopg.types.json import Jsonb

dsn, other_dsn = sys.argv[1:]


def fails(sqlstate, call, *args):
    try:
        call(*args)
    except psycopg.Error as e:
        assert e.sqlstate == sqlstate, f"{e.sqlstate}: {e}, expected {sqlstate}"
        return e.diag
    raise AssertionError(f"succeeded, expected {sqlstate}")


with psycopg.connect(dsn, autocommit=True) as conn, psycopg.connect(other_dsn, autocommit=True) as other:
    conn.execute("CREATE STREAM py WITH (lease = '2s')")
    fails("55000", conn.execute, "INSERT INTO py (data) VALUES ('x')")
    claim = conn.execute("CLAIM STREAM py WITH (writer = 'python')").fetchone()
    assert claim[0] == "py" and claim[2] == "python", claim

    # Parameters, text and binary.
    row = conn.execute("INSERT INTO py (data) VALUES (%s) RETURNING entry_id, data", (b"\x00\xff",)).fetchone()
    assert row == (1, b"\x00\xff"), row
    row = conn.execute("INSERT INTO py (data) VALUES (%b) RETURNING entry_id", (b"binary",)).fetchone()
    assert row == (2,), row
    cur = conn.cursor(binary=True)
    row = cur.execute("SELECT entry_id, term, appended_at, data FROM py WHERE entry_id = %s", (2,)).fetchone()
    assert row[0] == 2 and row[1] == 1 and row[2].tzinfo is not None and row[3] == b"binary", row

    # executemany: pipelined where libpq can.
    cur = conn.cursor()
    cur.executemany("INSERT INTO py (data) VALUES (%s)", [(b"many %d" % i,) for i in range(100)])
    assert conn.execute("SELECT count(*) FROM py").fetchone() == (102,)

    # A prepared statement.
    for i in range(10):
        row = conn.execute("SELECT data FROM py WHERE entry_id = %s", (i + 3,), prepare=True).fetchone()
        assert row == (b"many %d" % i,), row

    # Transactions and savepoints.
    with conn.transaction():
        conn.execute("INSERT INTO py (data) VALUES ('kept')")
        try:
            with conn.transaction():
                conn.execute("INSERT INTO py (data) VALUES ('dropped')")
                raise psycopg.Rollback()
        except psycopg.Rollback:
            pass
    assert conn.execute("SELECT max(entry_id) FROM py").fetchone() == (103,)

    with conn.transaction(force_rollback=True):
        conn.execute("INSERT INTO py (data) VALUES ('dropped')")
    assert conn.execute("SELECT max(entry_id) FROM py").fetchone() == (103,)

    # Errors have their classes.
    fails("23505", conn.execute, "INSERT INTO py (entry_id, data) VALUES (103, 'x')")
    fails("22023", conn.execute, "INSERT INTO py (entry_id, data) VALUES (200, 'x')")
    fails("42P01", conn.execute, "SELECT * FROM nowhere")
    fails("0A000", conn.execute, "DELETE FROM py")
    try:
        conn.execute("SELECT 1 / 0")
    except psycopg.errors.DivisionByZero:
        pass

    # Pipeline mode.
    with conn.pipeline():
        for i in range(50):
            conn.execute("INSERT INTO py (data) VALUES (%s)", (b"piped",))
    assert conn.execute("SELECT count(*) FROM py WHERE data = 'piped'").fetchone() == (50,)

    # What went out and was not answered goes out again, exactly.
    retry = "INSERT INTO py (entry_id, data) VALUES (%s, %s)"
    assert conn.execute(retry, (154, b"exact")).rowcount == 1
    assert "154" in fails("23505", conn.execute, retry, (154, b"exact")).message_detail
    assert conn.execute(retry + " ON CONFLICT DO NOTHING", (154, b"exact")).rowcount == 0
    assert fails("0A000", conn.execute, "UPDATE py SET data = ''").message_hint

    # Types, as parameters and results, in text and in binary.
    given = (True, 7, 2**40, 1.5, "text", b"\0", [1, 2], ["a", None], datetime.date(2024, 2, 29), datetime.timedelta(hours=1), Jsonb({"a": [1]}))
    for binary in False, True:
        query = "SELECT %s, %s::int4, %s::int8, %s::float8, %s::text, %s::bytea, %s::int8[], %s::text[], %s::date, %s::interval, %s::jsonb"
        row = conn.execute(query, given, binary=binary).fetchone()
        assert row[:-1] == given[:-1] and row[-1] == {"a": [1]}, row

    # COPY in and out, in each format.
    with conn.cursor() as cur:
        with cur.copy("COPY py (data) FROM STDIN") as copy:
            copy.write_row((b"copied",))
        with cur.copy("COPY py (data) FROM STDIN WITH (FORMAT binary)") as copy:
            copy.set_types(["bytea"])
            copy.write_row((b"copied too",))
        with cur.copy("COPY (SELECT entry_id, data FROM py WHERE entry_id > 154) TO STDOUT WITH (FORMAT binary)") as copy:
            copy.set_types(["int8", "bytea"])
            assert list(copy.rows()) == [(155, b"copied"), (156, b"copied too")]

    # A server-side cursor; and one that follows, from the next entry on.
    with other.transaction(), other.cursor(name="reader") as cur:
        cur.itersize = 10
        assert [row[0] for row in cur.execute("SELECT entry_id FROM py ORDER BY entry_id")] == list(range(1, 157))
    with other.transaction():
        other.execute("SET LOCAL fetch_timeout = '20ms'")
        other.execute("DECLARE tail CURSOR FOR TAIL STREAM py FROM 157")
        assert other.execute("FETCH 10 FROM tail").fetchall() == []
        conn.execute("INSERT INTO py (data) VALUES ('tailed'), ('as a group')")
        seen = []
        while len(seen) < 2:
            seen += other.execute("FETCH 10 FROM tail").fetchall()
        assert [row[3] for row in seen] == [b"tailed", b"as a group"], seen

    # Rows that come one by one: a tail without end, which is cancelled.
    follower = other.cursor().stream("TAIL STREAM py FROM 157")
    assert next(follower)[0] == 157
    other.cancel()
    try:
        for row in follower:
            pass
    except psycopg.errors.QueryCanceled:
        pass

    # Notifications.
    other.execute("LISTEN py")
    conn.execute("INSERT INTO py (data) VALUES ('heard of')")
    note = next(other.notifies())
    assert (note.channel, note.payload) == ("py", "159"), note
    other.execute("UNLISTEN *")

    # A cancel from another thread.
    over = threading.Event()

    def cancel():
        while not over.wait(0.01):  # it may come before the statement
            conn.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    fails("57014", conn.execute, "SELECT pg_sleep(600)")
    over.set()
    thread.join()
    while True:  # the last cancel may come late
        try:
            conn.execute("SELECT 1")
            break
        except psycopg.errors.QueryCanceled:
            pass

    # The stream is lost to another.
    other.execute("CLAIM STREAM py FORCE")
    other.execute("INSERT INTO py (data) VALUES ('theirs')")
    fails("WA001", conn.execute, "INSERT INTO py (data) VALUES ('lost')")

# Without autocommit: every connection block is a transaction.
with psycopg.connect(dsn) as conn:
    conn.execute("CLAIM STREAM py FORCE")
    conn.execute("INSERT INTO py (data) VALUES ('in a transaction')")
with psycopg.connect(dsn) as conn:
    last = conn.execute("SELECT data FROM py ORDER BY entry_id DESC LIMIT 1").fetchone()
    assert last == (b"in a transaction",), last
