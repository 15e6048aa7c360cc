// postgres.js: prepares every statement under a name of its own, pipelines, reserves, listens, copies, streams.
const postgres = require('postgres');
const { pipeline } = require('node:stream/promises');
const { Readable, Writable } = require('node:stream');
const { step, until, sleep } = require('./report.cjs');

const names = (list) => list.map((r) => r.name);

async function main() {
  const notices = [];
  const sql = postgres({ max: 4, onnotice: (n) => notices.push(n.message), connection: { application_name: 'shop', work_mem: '321kB' }, idle_timeout: 20 });
  await step('settings', () => sql`select current_setting('work_mem') m, current_setting('application_name') a`);
  await step('reported', () => [sql.parameters.server_encoding, sql.parameters.application_name, sql.parameters.DateStyle]);
  await step('schema', () => sql`create table item (id serial primary key, name text unique, price numeric, tags text[], data jsonb, made timestamptz, raw bytea)`);
  await step('insert', () => sql`insert into item ${sql({ name: 'lamp', price: 12.5, tags: ['a', 'b'], data: sql.json({ w: 60 }), made: new Date(Date.UTC(2026, 0, 2)), raw: Buffer.from([0, 255]) })} returning id`);
  await step('read', () => sql`select * from item`);
  await step('many rows', async () => (await sql`insert into item ${sql([...Array(100).keys()].map((n) => ({ name: `thing ${n}`, price: n })), 'name', 'price')}`).count);
  await step('dynamic', async () => names(await sql`select ${sql(['name', 'price'])} from ${sql('item')} where price in ${sql([3, 5])} order by id`));
  await step('update', async () => (await sql`update item set ${sql({ price: 7 })} where name = ${'thing 1'} returning price`)[0]);
  await step('same statement again', async () => { const got = []; for (let n = 0; n < 5; n++) got.push((await sql`select ${n}::int as n`)[0].n); return got; });
  await step('pipelined', () => Promise.all([...Array(80).keys()].map(async (n) => (await sql`select ${n}::int * 2 as n`)[0].n)));
  await step('pipelined, many texts', () => Promise.all([...Array(80).keys()].map(async (n) => (await sql.unsafe(`select $1::int + ${n % 16} as n`, [n], { prepare: true }))[0].n)));
  await step('pipelined with errors', async () => (await Promise.allSettled([sql`select 1 as one`, sql`select nothing`, sql`select 1 / ${0}::int`, sql`select 4 as four`])).map((r) => r.reason?.code ?? r.value[0]));
  await step('duplicate', () => sql`insert into item (name) values ('lamp')`);
  await step('simple', async () => (await sql`select 1 as a; select 2 as b`.simple()).map((r) => r[0]));
  await step('unsafe', () => sql.unsafe('select $1::text as t, $2::int as n', ['x', 4]));
  await step('describe', async () => { const d = await sql`select name, price from item where id = ${1}`.describe(); return [d.types, d.columns.map((c) => [c.name, c.type])]; });
  await step('values, raw', async () => [await sql`select 1, 'x'`.values(), (await sql`select 'raw'`.raw())[0].map(String)]);

  await step('begin', () => sql.begin(async (t) => {
    await t`insert into item (name) values ('outer')`;
    await t.savepoint(async (s) => { await s`insert into item (name) values ('inner')`; throw new Error('undo'); }).catch((e) => console.log('  seen:', e.message));
    await t.savepoint((s) => s`insert into item (name) values ('kept')`);
    return names(await t`select name from item where name in ('outer', 'inner', 'kept') order by id`);
  }));
  await step('begin with options', () => sql.begin('isolation level serializable read only', (t) => t`select current_setting('transaction_isolation') i, current_setting('transaction_read_only') r`));
  await step('begin fails', () => sql.begin(async (t) => { await t`insert into item (name) values ('never')`; await t`select 1/0`; }));
  await step('begin, pipelined', () => sql.begin((t) => [...Array(5).keys()].map((n) => t`insert into item (name) values (${`piped ${n}`})`)).then((r) => r.length));
  await step('what is left', async () => names(await sql`select name from item where name ~ 'never|outer|piped' order by id`));

  await step('cursor', async () => { const got = []; await sql`select n from generate_series(1, 100) n`.cursor(30, (part) => { got.push(part.length); }); return got; });
  await step('cursor, left early', async () => { for await (const [row] of sql`select n from generate_series(1, 1000) n`.cursor()) if (row.n === 5) return row; });
  await step('forEach', async () => { let sum = 0; await sql`select generate_series(1, 2000) as n`.forEach((r) => { sum += r.n; }); return sum; });
  await step('copy in', async () => {
    const into = await sql`copy item (name, price) from stdin`.writable();
    await pipeline(Readable.from([...Array(500).keys()].map((n) => `copied ${n}\t${n}\n`)), into);
    return (await sql`select count(*)::int, sum(price)::int from item where name like 'copied %'`)[0];
  });
  await step('copy out', async () => {
    let text = '';
    await pipeline(await sql`copy (select name from item where name like 'copied %' order by id limit 3) to stdout`.readable(), new Writable({ write(part, _, done) { text += part; done(); } }));
    return text;
  });
  await step('large object', async () => {
    const object = await sql.largeObject();
    const into = await object.writable();
    await pipeline(Readable.from([Buffer.alloc(50000, 'l')]), into);
    await object.close();
    return 'written';
  });
  // close() doesn't wait for the COMMIT that it causes.
  let size = null;
  for (let n = 0; n < 100 && size === null; n++) size = (await sql`select sum(length(lo_get(oid)))::int from pg_largeobject_metadata`)[0].sum ?? (await sleep(20), null);
  await step('its size', () => size);

  await step('reserved', async () => {
    const one = await sql.reserve();
    try {
      await one`set timezone = 'Asia/Kolkata'`;
      await one`select set_config('app.tenant', 'red', false)`;
      await one`create temporary table t (n int)`;
      await one`insert into t values (1), (2)`;
      const got = [await one`select current_setting('timezone') z, current_setting('app.tenant') t, (timestamptz '2026-01-01 00:00+00')::text at`, await one`select sum(n)::int from t`];
      await one`drop table t`;
      return got;
    } finally { one.release(); }
  });
  await step('notices', async () => { await sql`do $$ begin raise notice 'one'; end $$`; return notices; });
  await step('cancel', async () => { const q = sql`select pg_sleep(20)`; setTimeout(() => q.cancel(), 300); return await q; });
  await step('after it', () => sql`select 1 as one`);
  await step('the table changes', async () => { const before = Object.keys((await sql`select * from item limit 1`)[0]).length; await sql`alter table item add column extra int`; return before; });

  const heard = [];
  const subscription = await sql.listen('news', (payload) => heard.push(payload), () => heard.push('listening'));
  await sql.notify('news', 'one');
  await sql`select pg_notify('other', 'no')`;
  await sql.begin(async (t) => { await t`notify news, 'rolled back'`; throw new Error('undo'); }).catch(() => {});
  await sql.begin((t) => t`select pg_notify('news', 'two')`);
  await until(() => heard.length >= 3);
  await step('heard', () => heard.splice(0));
  await subscription.unlisten();
  await sql.notify('news', 'unheard');
  await sleep(200);
  await step('unlistened', () => heard);
  await sql.end({ timeout: 5 });

  const plain = postgres({ max: 2, prepare: false, fetch_types: false });
  await step('without prepare', () => Promise.all([...Array(20).keys()].map(async (n) => (await plain`select ${n}::int as n`)[0].n)));
  await plain.end({ timeout: 5 });
}

main().catch((e) => { console.log('ended by', e.message); process.exitCode = 1; });
