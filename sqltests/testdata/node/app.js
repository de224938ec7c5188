// An application on node-postgres: node app.js DSN OTHER_DSN. Exits with a trace on surprise.
'use strict';
const assert = require('node:assert');
const { Client, Pool, types } = require('pg');
const QueryStream = require('pg-query-stream');

const [dsn, otherDSN] = process.argv.slice(2);
types.setTypeParser(types.builtins.INT8, BigInt);

async function fails(code, promise) {
  const err = await promise.then(() => null, (e) => e);
  assert.ok(err, `succeeded, expected ${code}`);
  assert.strictEqual(err.code, code, err.message);
  return err;
}

// appends: singly, by parameters, in groups, with several in flight, and again.
async function append(db) {
  await fails('55000', db.query("INSERT INTO node (data) VALUES ('x')"));
  const claim = (await db.query("CLAIM STREAM node WITH (writer = 'node-1')")).rows[0];
  assert.strictEqual(claim.writer, 'node-1');
  assert.strictEqual(claim.tail_entry_id, 0n);

  const one = await db.query('INSERT INTO node (data) VALUES ($1) RETURNING entry_id, data', [Buffer.from([0, 255])]);
  assert.deepStrictEqual(one.rows, [{ entry_id: 1n, data: Buffer.from([0, 255]) }]);
  const named = { name: 'append', text: 'INSERT INTO node (data) VALUES ($1) RETURNING entry_id' };
  const flying = [];
  for (let i = 2; i <= 50; i++) flying.push(db.query({ ...named, values: [`entry ${i}`] }));
  const ids = (await Promise.all(flying)).map((r) => Number(r.rows[0].entry_id));
  assert.deepStrictEqual(ids, Array.from({ length: 49 }, (_, i) => i + 2));

  await db.query('BEGIN');
  await db.query("INSERT INTO node (data) VALUES ('a'), ('b')");
  await db.query('SAVEPOINT s');
  await db.query("INSERT INTO node (data) VALUES ('dropped')");
  await db.query('ROLLBACK TO s');
  await db.query('COMMIT');

  const retry = 'INSERT INTO node (entry_id, data) VALUES ($1, $2)';
  assert.strictEqual((await db.query(retry, [53, 'exact'])).rowCount, 1);
  const exists = await fails('23505', db.query(retry, [53, 'exact']));
  assert.match(exists.detail, /53/);
  assert.strictEqual((await db.query(retry + ' ON CONFLICT DO NOTHING', [53, 'exact'])).rowCount, 0);
  await fails('22023', db.query(retry, [99, 'a hole']));
}

async function read(db, other) {
  const { rows, fields } = await other.query(
    'SELECT *, ARRAY[entry_id, term] AS ids, jsonb_build_object($2::text, entry_id) AS doc, entry_id = ANY ($3) AS chosen FROM node WHERE entry_id = $1',
    [2, 'id', [1, 2]]);
  assert.deepStrictEqual(fields.map((f) => f.dataTypeID), [20, 20, 1184, 17, 1016, 3802, 16]);
  const [row] = rows;
  assert.strictEqual(row.data.toString(), 'entry 2');
  assert.ok(row.appended_at instanceof Date && Math.abs(Date.now() - row.appended_at) < 600e3);
  assert.deepStrictEqual([row.ids.map(Number), row.doc, row.chosen], [[2, 1], { id: 2 }, true]);

  const missing = await fails('42P01', db.query('SELECT * FROM nowhere'));
  assert.strictEqual(missing.position, '15');
  const refused = await fails('0A000', db.query('DELETE FROM node'));
  assert.match(refused.hint, /TRIM STREAM/);

  // A stream of rows is a portal that is read in parts; the other node may be a moment behind.
  await other.query("SET read_consistency = 'linearizable'");
  let n = 0n;
  for await (const r of other.query(new QueryStream('SELECT entry_id FROM node ORDER BY entry_id', [], { batchSize: 7 }))) {
    assert.strictEqual(r.entry_id, ++n);
  }
  assert.strictEqual(n, 53n);
}

// tail follows in a cursor, and hears of commits by LISTEN.
async function tail(db, other) {
  await other.query('BEGIN');
  await other.query("SET LOCAL fetch_timeout = '20ms'");
  await other.query('DECLARE c CURSOR FOR TAIL STREAM node FROM 53');
  let next = 53n;
  for (let round = 0; round < 3; round++) {
    await db.query("INSERT INTO node (data) VALUES ('tailed')");
    while (next <= 54n + BigInt(round)) {
      for (const r of (await other.query('FETCH 10 FROM c')).rows) assert.strictEqual(r.entry_id, next++);
    }
  }
  await other.query('COMMIT');

  const told = new Promise((resolve) => other.on('notification', resolve));
  await other.query('LISTEN node');
  await db.query("INSERT INTO node (data) VALUES ('heard of')");
  const { channel, payload } = await told;
  assert.deepStrictEqual([channel, payload], ['node', '57']);
}

async function cancel(pool) {
  const db = await pool.connect();
  const { pid } = (await db.query('SELECT pg_backend_pid() AS pid')).rows[0];
  let over = false;
  const sleeping = fails('57014', db.query('SELECT pg_sleep(600)')).finally(() => { over = true; });
  while (!over) await pool.query('SELECT pg_cancel_backend($1)', [pid]); // it may come before the statement
  await sleeping;
  assert.strictEqual((await db.query('SELECT 1 AS one')).rows[0].one, 1);
  db.release();
}

async function main() {
  const [db, other, pool] = [new Client(dsn), new Client(otherDSN), new Pool({ connectionString: dsn, max: 2 })];
  await Promise.all([db.connect(), other.connect()]);
  await db.query("CREATE STREAM node WITH (lease = '2s')");
  await append(db);
  await read(db, other);
  await tail(db, other);
  await cancel(pool);
  const notices = [];
  db.on('notice', (n) => notices.push(n.code));
  await other.query('CLAIM STREAM node FORCE');
  await fails('WA001', db.query("INSERT INTO node (data) VALUES ('lost')"));
  assert.deepStrictEqual(notices, ['WA001']);
  await Promise.all([db.end(), other.end(), pool.end()]);
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
