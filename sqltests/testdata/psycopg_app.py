"""An application on psycopg: python3 psycopg_app.py DSN OTHER_DSN. Exits with a traceback on surprise."""

import sys

import psycopg

dsn, other_dsn = sys.argv[1:]


def fails(sqlstate, call, *args):
    try:
        call(*args)
    except psycopg.Error as e:
        assert e.sqlstate == sqlstate, f"{e.sqlstate}: {e}, expected {sqlstate}"
    else:
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
