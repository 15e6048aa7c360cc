// node-postgres: unnamed and named statements, a pool, transactions, cursors and streams, notifications, cancel by the server.
const { Client, Pool, types } = require('pg');
const Cursor = require('pg-cursor');
const QueryStream = require('pg-query-stream');
const { step, until, sleep } = require('./report.cjs');

const rows = async (c, ...query) => (await c.query(...query)).rows;

async function main() {
  const c = new Client({ application_name: 'shop', statement_timeout: 30000, options: '-c work_mem=321kB' });
  const notices = [];
  c.on('notice', (n) => notices.push([n.severity, n.message]));
  await c.connect();
  await step('settings', () => rows(c, "select current_setting('work_mem') m, current_setting('application_name') a, current_setting('statement_timeout') t"));
  await step('schema', async () => (await c.query('create table item (id serial primary key, name text unique, price numeric, tags text[], data jsonb, made timestamptz, raw bytea, big int8, yes bool)')).command);
  await step('insert', () => rows(c, 'insert into item (name, price, tags, data, made, raw, big, yes) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id',
    ['lamp', 12.5, ['a', 'b'], { w: 60 }, new Date(Date.UTC(2026, 0, 2)), Buffer.from([0, 255]), '9007199254740993', true]));
  await step('read', () => rows(c, 'select * from item'));
  await step('array mode', () => rows(c, { text: 'select id, name from item', rowMode: 'array' }));
  await step('binary', () => rows(c, { text: 'select 1::int4 as a, true as b, 1.5::float8 as c', values: [], binary: true }));
  await step('named', async () => {
    const got = [];
    for (let n = 0; n < 5; n++) got.push((await rows(c, { name: 'by_id', text: 'select name, $2::int as n from item where id = $1', values: [1, n] }))[0].n);
    return got;
  });
  await step('named, other text', () => rows(c, { name: 'by_id', text: 'select 1' }));
  await step('named, fails', () => rows(c, { name: 'broken', text: 'select nothing' }));
  await step('named, fails again', () => rows(c, { name: 'broken', text: 'select nothing' }));
  await step('named, fails when executed', () => rows(c, { name: 'divide', text: 'select 1 / $1::int', values: [0] }));
  await step('named, goes well', () => rows(c, { name: 'divide', text: 'select 1 / $1::int', values: [1] }));
  await step('several', async () => (await c.query('select 1 as a; select 2 as b, 3 as c; create table twice (n int)')).map((r) => [r.command, r.rows]));
  await step('several, one fails', () => c.query('insert into twice values (1); select 1/0'));
  await step('rolled back', () => rows(c, 'select count(*)::int from twice'));
  await step('duplicate', () => c.query('insert into item (name) values ($1)', ['lamp']));
  await step('transaction', async () => {
    await c.query('begin isolation level repeatable read');
    await c.query('insert into item (name) values ($1)', ['in transaction']);
    await c.query('savepoint s');
    await c.query('select 1/0').catch((e) => console.log('  seen:', e.code));
    await c.query('select 1').catch((e) => console.log('  seen:', e.code));
    await c.query('rollback to savepoint s');
    const got = await rows(c, 'show transaction_isolation');
    await c.query('commit');
    return got;
  });
  await step('queued, not awaited', () => Promise.all([...Array(30).keys()].map(async (n) => (await rows(c, 'select $1::int as n', [n]))[0].n)));
  await step('queued with errors', async () => (await Promise.allSettled(['select 1', 'select nothing', 'select 3'].map((t) => c.query(t, [])))).map((r) => r.reason?.code ?? r.status));
  await step('set', async () => (await c.query("set timezone = 'Asia/Kolkata'")).command);
  await step('in its zone', () => rows(c, "select (timestamptz '2026-01-01 00:00+00')::text as t"));
  await step('set_config', () => rows(c, "select set_config('app.tenant', $1, false)", ['red']));
  await step('read back', () => rows(c, "select current_setting('app.tenant')"));
  await step('search_path', async () => { await c.query('create schema s; create table s.only_here (n int); set search_path = s, public'); return rows(c, { name: 'path', text: 'select * from only_here' }); });
  await step('role', async () => { await c.query('set role auditor'); const r = await rows(c, 'select current_user'); await c.query('reset role'); return [r, await rows(c, 'select current_user')]; });
  await step('cursor', async () => {
    await c.query('begin');
    const cursor = c.query(new Cursor('select n from generate_series(1, $1::int) n', [1000]));
    const some = [await cursor.read(3), (await cursor.read(100)).length];
    await cursor.close();
    await c.query('commit');
    return some;
  });
  await step('cursor outside a transaction', async () => {
    const cursor = c.query(new Cursor('select n from generate_series(1, 250) n'));
    let sum = 0;
    for (let part; (part = await cursor.read(40)).length;) for (const r of part) sum += r.n;
    await cursor.close();
    return sum;
  });
  await step('stream', async () => {
    let sum = 0;
    for await (const row of c.query(new QueryStream('select n, repeat($1, 500) as t from generate_series(1, 2000) n', ['x'], { batchSize: 50 }))) sum += row.n;
    return sum;
  });
  await step('stream left early', async () => {
    for await (const row of c.query(new QueryStream('select n from generate_series(1, 100000) n', [], { batchSize: 10 }))) if (row.n === 25) return row;
  });
  await step('notices', async () => { await c.query("do $$ begin raise notice 'one'; raise warning 'two'; end $$"); return notices; });
  await step('temporary', async () => { await c.query('create temporary table t (n int)'); await c.query('insert into t values ($1), ($2)', [1, 2]); const r = await rows(c, 'select sum(n)::int from t'); await c.query('drop table t'); return r; });
  await step('advisory lock', async () => [await rows(c, "select pg_advisory_lock($1)::text", [5]), await rows(c, 'select pg_advisory_unlock($1)', [5])]);
  await step('timeout', () => c.query({ text: "set statement_timeout = 100" }).then(() => c.query('select pg_sleep(10)')));
  await step('after it', () => rows(c, "set statement_timeout = 0").then(() => rows(c, 'select 1 as one')));
  await step('empty', async () => (await c.query('')).rows);

  const listener = new Client();
  const heard = [];
  await listener.connect();
  listener.on('notification', (n) => heard.push([n.channel, n.payload]));
  await listener.query('listen news');
  await c.query("notify news, 'one'");
  await c.query('select pg_notify($1, $2), pg_notify($3, $4)', ['news', 'two', 'other', 'no']);
  await c.query("begin; notify news, 'rolled back'; rollback");
  await c.query("begin; notify news, 'three'; commit");
  await until(() => heard.length >= 3);
  await step('heard', () => heard.splice(0));
  await listener.query('unlisten news');
  await c.query("notify news, 'unheard'");
  await sleep(200);
  await step('unlistened', () => heard);
  await listener.end();
  await c.end();

  const pool = new Pool({ max: 6, application_name: 'pool', idleTimeoutMillis: 100 });
  await step('pool, unnamed', () => Promise.all([...Array(60).keys()].map(async (n) => (await rows(pool, 'select $1::int * 2 as n', [n]))[0].n)));
  await step('pool, named', () => Promise.all([...Array(60).keys()].map(async (n) => (await rows(pool, { name: `named ${n % 4}`, text: `select $1::int * ${n % 4} as n`, values: [n] }))[0].n)));
  await step('pool, transactions', async () => {
    const transfer = async (n) => {
      const one = await pool.connect();
      try {
        await one.query('begin');
        await one.query({ name: 'transfer', text: 'insert into item (name, price) values ($1, $2)', values: [`pool ${n}`, n] });
        await one.query(n % 5 ? 'commit' : 'rollback');
      } finally { one.release(); }
    };
    await Promise.all([...Array(30).keys()].map(transfer));
    return rows(pool, "select count(*)::int, sum(price)::int from item where name like 'pool %'");
  });
  await step('pool, settings of each', () => Promise.all([...Array(6).keys()].map(async (n) => {
    const one = await pool.connect();
    try {
      await one.query(`set app.tenant = 'tenant ${n}'`);
      await sleep(20);
      return (await rows(one, "select current_setting('app.tenant') as t"))[0].t;
    } finally { one.release(); }
  })));
  await pool.end();
}

main().catch((e) => { console.log('ended by', e.message); process.exitCode = 1; });
