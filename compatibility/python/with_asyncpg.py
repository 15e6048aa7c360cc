"""asyncpg: named prepared statements for everything, its introspection queries, cursors, COPY, listeners, a pool."""
import asyncio, datetime, decimal, io, uuid
import asyncpg
from report import astep, step


async def main():
    c = await asyncpg.connect(server_settings={"application_name": "shop", "work_mem": "321kB", "app.tenant": "start"})
    await astep("settings", c.fetch("select current_setting('work_mem'), current_setting('app.tenant'), current_setting('application_name')"))
    step("reported", lambda: [getattr(c.get_settings(), k) for k in ("server_encoding", "client_encoding", "application_name", "TimeZone")])
    await astep("schema", c.execute("""
        create type mood as enum ('sad', 'ok');
        create type point3 as (x int, y int, z int);
        create table item (id serial primary key, name text unique, price numeric, tags text[], mood mood, at point3, made timestamptz, raw bytea, ref uuid, during tstzrange)"""))
    values = ("lamp", decimal.Decimal("12.5"), ["a", "b"], "ok", (1, 2, 3), datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), b"\0\xff", uuid.UUID(int=7), None)
    await astep("insert", c.fetchval("insert into item (name, price, tags, mood, at, made, raw, ref, during) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id", *values))
    await astep("read", fetch_tuple(c, "select * from item"))
    await astep("cached", repeated(c))
    await astep("many statements", many(c))
    s = await c.prepare("select name, $1::int as n from item where id = $2")
    await astep("prepared", s.fetch(5, 1))
    step("its types", lambda: ([p.name for p in s.get_parameters()], [(a.name, a.type.name) for a in s.get_attributes()], s.get_query(), s.get_statusmsg()))
    await astep("explain", keys_of(s.explain(1, 1)))
    await astep("again", s.fetchrow(6, 1))
    await astep("duplicate", c.execute("insert into item (name) values ($1)", "lamp"))
    await astep("bad argument", c.fetchval("select $1::int", "x"))
    await astep("no such column", c.fetch("select nothing from item"))
    await astep("division", c.fetchval("select 1 / $1::int", 0))
    await astep("executemany", c.executemany("insert into item (name, price) values ($1, $2)", [(f"thing {n}", n) for n in range(200)]))
    await astep("executemany fails", c.executemany("insert into item (name) values ($1)", [("new",), ("lamp",), ("newer",)]))
    await astep("all or nothing", c.fetchval("select count(*) from item"))
    await astep("transaction", transactions(c))
    await astep("left", fetch_tuple(c, "select name from item where name in ('outer', 'inner', 'undone') order by 1"))
    await astep("cursor", cursor(c))
    await astep("copy in", c.copy_records_to_table("item", records=[(f"copied {n}", decimal.Decimal(n)) for n in range(500)], columns=["name", "price"]))
    out = io.BytesIO()
    await astep("copy out", c.copy_from_query("select name, price from item where name like 'copied%' order by id limit $1", 3, output=out, format="csv", header=True))
    step("copied", out.getvalue)
    await astep("copy to table", c.copy_to_table("item", source=io.BytesIO(b"x,1\ny,2\n"), columns=["name", "price"], format="csv"))
    await astep("copy fails", c.copy_to_table("item", source=io.BytesIO(b"z,one\n"), columns=["name", "price"], format="csv"))
    await astep("set", c.execute("set timezone = 'Asia/Kolkata'; set app.tenant = 'red'"))
    await astep("read back", c.fetch("select current_setting('timezone'), current_setting('app.tenant')"))
    step("reported", lambda: c.get_settings().TimeZone)
    await astep("set_config", c.fetchval("select set_config('app.tenant', $1, false)", "blue"))
    await astep("read back", c.fetchval("select current_setting('app.tenant')"))
    await astep("role", c.execute("set role auditor"))
    await astep("role read", c.fetchval("select current_user"))
    await astep("reset", c.reset())
    await astep("after reset", c.fetch("select current_user, current_setting('timezone')"))
    await astep("reset role", c.execute("reset role"))
    await astep("the table changes", c.execute("alter table item add column extra int"))
    await astep("json", codec(c))
    await astep("temporary", temporary(c))
    await astep("timeout", c.fetchval("select pg_sleep(20)", timeout=0.3))
    await astep("after it", c.fetchval("select 1"))
    await astep("cancelled task", cancelled(c))
    await astep("after it", c.fetchval("select 2"))
    await listening(c)
    await c.close()
    await pool()


async def fetch_tuple(c, text, *values):
    return [tuple(r) for r in await c.fetch(text, *values)]


async def keys_of(explained):
    return sorted((await explained)[0])


async def repeated(c):
    return [await c.fetchval("select $1::int * 2", n) for n in range(5)]


async def many(c):
    """More than statement_cache_size (100), so that it closes some."""
    return sum([await c.fetchval(f"select {n} + $1::int", 1) for n in range(130)])


async def transactions(c):
    async with c.transaction():
        await c.execute("insert into item (name) values ('outer')")
        try:
            async with c.transaction():
                await c.execute("insert into item (name) values ('undone')")
                await c.execute("select 1/0")
        except asyncpg.DivisionByZeroError as e:
            print("  seen:", e.sqlstate)
        async with c.transaction():
            await c.execute("insert into item (name) values ('inner')")
    async with c.transaction(isolation="serializable", readonly=True, deferrable=True):
        return await c.fetchrow("select current_setting('transaction_isolation'), current_setting('transaction_read_only')")


async def cursor(c):
    async with c.transaction():
        total, some = 0, await c.cursor("select * from generate_series(1, 1000) n")
        first = await some.fetch(3)
        await some.forward(10)
        after = await some.fetchrow()
        async for row in c.cursor("select n from generate_series(1, $1::int) n", 500, prefetch=37):
            total += row["n"]
            if row["n"] % 100 == 0:
                total += await c.fetchval("select $1::int", 1)
    return first, after, total


async def codec(c):
    import json
    await c.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    return await c.fetchval("select $1::jsonb || '{\"b\": [1, 2]}'", {"a": 1})


async def temporary(c):
    await c.execute("create temporary table t (n int)")
    await c.copy_records_to_table("t", records=[(n,) for n in range(10)])
    got = await c.fetchval("select sum(n) from t")
    await c.execute("drop table t")
    return got


async def cancelled(c):
    task = asyncio.create_task(c.fetchval("select pg_sleep(20)"))
    await asyncio.sleep(0.3)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"


async def listening(c):
    heard, listener = [], await asyncpg.connect()

    # Whether these are its own words; by which other session is not compared, for it may be one that spoke on that backend later.
    def hear(connection, pid, channel, payload):
        heard.append((channel, payload, pid == connection.get_server_pid()))

    await listener.add_listener("news", hear)
    await c.execute("notify news, 'one'")
    await c.fetchval("select pg_notify('news', $1)", "two")
    await c.execute("notify other, 'no'")
    tr = c.transaction()
    await tr.start()
    await c.execute("notify news, 'rolled back'")
    await tr.rollback()
    for _ in range(100):
        if len(heard) >= 2:
            break
        await asyncio.sleep(0.05)
    await astep("while listening", listener.fetchval("select 5"))
    step("heard", lambda: heard)
    await astep("to itself", listener.execute("notify news, 'mine'"))
    step("heard", lambda: heard[2:])
    await listener.remove_listener("news", hear)
    await c.execute("notify news, 'unheard'")
    await asyncio.sleep(0.2)
    step("still", lambda: len(heard))
    await listener.close()


async def pool():
    async with asyncpg.create_pool(min_size=2, max_size=6, max_inactive_connection_lifetime=0) as p:
        async def work(n):
            async with p.acquire() as c:
                async with c.transaction():
                    await c.execute("insert into item (name, price) values ($1, $2)", f"worker {n}", decimal.Decimal(n))
                return await c.fetchval("select price from item where name = $1", f"worker {n}")

        await astep("six at once", asyncio.gather(*(work(n) for n in range(60))))
        await astep("all there", p.fetchval("select count(*) from item where name like 'worker%'"))


asyncio.run(main())
