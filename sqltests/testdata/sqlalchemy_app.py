"""An application on SQLAlchemy and psycopg2: python3 sqlalchemy_app.py DSN. Exits with a traceback on surprise."""

import sys

from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import Session

engine = create_engine(sys.argv[1].replace("postgres://", "postgresql+psycopg2://"), future=True)
with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
    conn.execute(text("CREATE STREAM alchemy"))

# Reflection.
i = inspect(engine)
assert i.get_schema_names() == ["information_schema", "public", "walle"], i.get_schema_names()
assert i.get_table_names() == ["alchemy"], i.get_table_names()
assert "nodes" in i.get_view_names(schema="walle")
columns = [(c["name"], str(c["type"]), c["nullable"]) for c in i.get_columns("alchemy")]
assert columns == [("entry_id", "BIGINT", False), ("term", "BIGINT", False), ("appended_at", "TIMESTAMP", False), ("data", "BYTEA", False)], columns
key = i.get_pk_constraint("alchemy")
assert (key["constrained_columns"], key["name"]) == (["entry_id"], "alchemy_pkey"), key
assert i.has_table("alchemy") and not i.has_table("nothing")
for nothing in (
    i.get_view_names(), i.get_sequence_names(), i.get_indexes("alchemy"), i.get_unique_constraints("alchemy"), i.get_foreign_keys("alchemy"),
    i.get_check_constraints("alchemy"), i.get_enums(), i.get_foreign_table_names(), i.get_table_options("alchemy"), i.get_table_comment("alchemy")["text"],
):
    assert not nothing, nothing

# A class made of what was reflected: appends, reads, expressions.
base = automap_base()
base.prepare(autoload_with=engine)
Entry = base.classes.alchemy
with Session(engine) as session:
    session.execute(text("CLAIM STREAM alchemy"))
    session.execute(Entry.__table__.insert(), [{"data": b"entry %d" % n} for n in range(1, 101)])
    ids = session.execute(Entry.__table__.insert().values(data=b"one").returning(Entry.entry_id)).scalars().all()
    assert ids == [101], ids
    session.commit()
    assert session.get(Entry, 7).data == b"entry 7"
    found = session.execute(select(Entry.entry_id, func.length(Entry.data)).where(Entry.entry_id > 98).order_by(Entry.entry_id.desc()).limit(2)).all()
    assert found == [(101, 3), (100, 9)], found
    assert session.execute(select(func.count()).select_from(Entry).where(Entry.data.like(b"entry 1%"))).scalar() == 12
    streamed = session.execute(select(Entry.entry_id).execution_options(yield_per=10)).scalars()  # a server-side cursor
    assert list(streamed) == list(range(1, 102))
    per_term = session.execute(select(Entry.term, func.max(Entry.appended_at)).group_by(Entry.term)).one()
    assert per_term[0] == 1 and per_term[1].tzinfo is not None, per_term
