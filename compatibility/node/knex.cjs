// Knex: schema builder, migrations, query builder, transactions and savepoints, streams, a pool of its own.
const { step } = require('./report.cjs');
const knex = require('knex')({
  client: 'pg',
  connection: { application_name: 'shop' }, // the rest from libpq's variables
  pool: { min: 0, max: 4, afterCreate: (c, done) => c.query("set timezone = 'Europe/Lisbon'", (e) => done(e, c)) },
});

const migrations = {
  names: ['1_people', '2_pets', '3_fails'],
  getMigrations: async () => migrations.names,
  getMigrationName: (m) => m,
  getMigration: async (m) => ({
    '1_people': {
      up: (k) => k.schema.createTable('person', (t) => { t.increments(); t.string('name').notNullable().unique(); t.integer('age').index(); t.jsonb('facts'); t.timestamp('born', { useTz: true }); t.enu('kind', ['good', 'bad']); }),
      down: (k) => k.schema.dropTable('person'),
    },
    '2_pets': {
      up: async (k) => {
        await k.schema.createTable('pet', (t) => { t.bigIncrements(); t.string('name'); t.integer('owner').references('person.id').onDelete('cascade'); });
        await k.schema.alterTable('person', (t) => { t.text('note').defaultTo('-'); t.dropColumn('kind'); });
      },
      down: (k) => k.schema.dropTable('pet').then(() => k.schema.alterTable('person', (t) => { t.dropColumn('note'); t.text('kind'); })),
    },
    '3_fails': { up: (k) => k.schema.createTable('half', (t) => t.increments()).raw('select 1/0'), down: () => {} },
  })[m],
};

async function main() {
  const two = { getMigrations: async () => ['1_people', '2_pets'], getMigrationName: (m) => m, getMigration: migrations.getMigration };
  await step('migrate', () => knex.migrate.latest({ migrationSource: two }));
  await step('migrate again', () => knex.migrate.latest({ migrationSource: two }));
  await step('a failing migration', () => knex.migrate.latest({ migrationSource: migrations }));
  await step('left nothing', () => knex.schema.hasTable('half'));
  await step('rollback', () => knex.migrate.rollback({ migrationSource: two }));
  await step('forth', () => knex.migrate.latest({ migrationSource: two }));
  await step('columns', () => knex('person').columnInfo());
  await step('insert', () => knex('person').insert([...Array(20).keys()].map((n) => ({ name: `person ${n}`, age: 20 + n, facts: JSON.stringify({ n }), born: new Date(Date.UTC(2000, 0, n + 1)) }))).returning('id'));
  await step('pets', () => knex.batchInsert('pet', [...Array(100).keys()].map((n) => ({ name: `pet ${n}`, owner: 1 + (n % 20) })), 30).returning('name').then((r) => r.length));
  await step('select', () => knex('person').where('age', '>', 35).orWhere((w) => w.whereIn('name', ['person 1']).andWhereNot('age', 3)).orderBy('id').select('name', 'age', 'born'));
  await step('first', () => knex('person').orderBy('id').first());
  await step('join', () => knex('person as p').join('pet', 'pet.owner', 'p.id').groupBy('p.name').count('* as n').orderBy('p.name').limit(3).select('p.name'));
  await step('with', () => knex.with('old', knex('person').where('age', '>', 30)).from('old').count());
  await step('json', () => knex('person').whereRaw("facts->>'n' = ?", ['7']).pluck('name'));
  await step('update', () => knex('person').where({ id: 1 }).update({ age: knex.raw('?? + ?', ['age', 5]) }).returning(['id', 'age']));
  await step('upsert', () => knex('person').insert({ name: 'person 1', age: 99 }).onConflict('name').merge().returning('age'));
  await step('duplicate', () => knex('person').insert({ name: 'person 1' }));
  await step('transaction', () => knex.transaction(async (t) => {
    await t('person').insert({ name: 'outer' });
    await t.transaction(async (s) => { await s('person').insert({ name: 'inner' }); throw new Error('undo'); }).catch((e) => console.log('  seen:', e.message));
    return t('person').whereIn('name', ['outer', 'inner']).pluck('name');
  }));
  await step('transaction fails', () => knex.transaction(async (t) => { await t('person').insert({ name: 'never' }); await t.raw('select 1/0'); }));
  await step('isolation', () => knex.transaction((t) => t.raw('show transaction_isolation').then((r) => r.rows), { isolationLevel: 'serializable', readOnly: true }));
  await step('locked', () => knex.transaction(async (t) => { await t('person').where({ id: 2 }).forUpdate(); return knex('person').where({ id: 2 }).forUpdate().skipLocked().pluck('id'); }));
  await step('stream', async () => { let sum = 0; for await (const r of knex.raw('select generate_series(1, 1000) as n').stream()) sum += r.n; return sum; });
  await step('many at once', () => Promise.all([...Array(40).keys()].map((n) => knex('pet').where('owner', 1 + (n % 20)).count('* as n').then((r) => r[0].n))).then((r) => r.join()));
  await step('its zone everywhere', () => Promise.all([...Array(12).keys()].map(() => knex.raw("select current_setting('timezone') as z").then((r) => r.rows[0].z))));
  // It cancels by pg_cancel_backend on another connection, with the process id that this one was told.
  const began = Date.now();
  await step('timeout', () => knex.raw('select pg_sleep(10)').timeout(300, { cancel: true }));
  await step('cancelled at once', async () => {
    await knex.raw('select 1');
    const [{ n }] = (await knex.raw("select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(10)' and state = 'active' and datname = current_database()")).rows;
    return [n, Date.now() - began < 8000];
  });
  await step('after it', () => knex.raw('select 1 as one').then((r) => r.rows));
  await step('delete', () => knex('person').where('age', '<', 30).del());
  await step('cascaded', () => knex('pet').count());
  await step('truncate', () => knex('pet').truncate().then((r) => r.command));
  await knex.destroy();
}

main().catch((e) => { console.log('ended by', e.message); process.exitCode = 1; });
