"""psycopg 3: server-side prepared statements, pipeline mode, server-side cursors, COPY, LISTEN, two-phase and asyncio."""
import asyncio, datetime, decimal, logging, threading, uuid
import psycopg, psycopg.rows, psycopg.sql as sql, psycopg.types.json
from report import astep, step

# Its warnings about what it met while it closed a pipeline depend on what had arrived by then.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

connect = psycopg.connect
c = connect("", application_name="shop", options="-c work_mem=321kB", autocommit=True)
all_of = lambda text, *values, **more: c.execute(text, *values, **more).fetchall()
step("options", lambda: all_of("show work_mem"))
step("schema", lambda: c.execute("create table item (id int generated always as identity primary key, name text unique, price numeric, tags text[], data jsonb, made timestamptz, raw bytea, ref uuid)").statusmessage)
values = ("lamp", decimal.Decimal("12.5"), ["a", "b"], psycopg.types.json.Jsonb({"w": 60}), datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), b"\0\xff'", uuid.UUID(int=7))
step("insert", lambda: all_of("insert into item (name, price, tags, data, made, raw, ref) values (%s, %s, %s, %s, %s, %s, %s) returning id", values))
step("text", lambda: all_of("select * from item"))
step("binary", lambda: c.cursor(binary=True).execute("select id, name, price, tags, made, raw, ref from item").fetchall())

c.prepare_threshold = 2
step("prepared by itself", lambda: [all_of("select %s::int + 1, %s::text", (n, str(n))) for n in range(8)])
step("prepared at once", lambda: [all_of("select count(*) from item where id > %s", (n,), prepare=True) for n in range(3)])
step("many prepared", lambda: sum(all_of(f"select {n} + %s::int", (n,), prepare=True)[0][0] for n in range(130)))
# Not how many are in the catalog: sessions that share a backend share those of the protocol.
step("prepared by text", lambda: all_of("select count(*) from pg_prepared_statements where from_sql"))
step("the table changes", lambda: c.execute("alter table item add column extra text default 'x'").statusmessage)
step("a plan of the old shape", lambda: [len(all_of("select * from item where id = %s", (1,), prepare=True)[0]) for _ in range(3)])


def deallocated():
    with connect("", autocommit=True, prepare_threshold=1) as own:
        before = [own.execute("select %s::int + 1", (n,)).fetchone() for n in range(4)]
        own.execute("deallocate all")
        return before, [own.execute("select %s::int + 1", (n,)).fetchone() for n in range(4)]


step("deallocate all", deallocated)
c.prepare_threshold = 5
with connect("") as own:
    for n in range(20):
        own.execute("insert into item (name, price) values (%s, %s)", (f"kept {n}", n))
    own.commit()
    for n in range(3):
        step("duplicate", lambda: own.execute("insert into item (name) values ('lamp')"))
        own.rollback()
    step("count", lambda: own.execute("select count(*) from item").fetchall())


def block():
    with c.transaction():
        c.execute("insert into item (name) values ('outer')")
        try:
            with c.transaction():
                c.execute("insert into item (name) values ('inner')")
                c.execute("select 1/0")
        except psycopg.errors.DivisionByZero:
            pass
        with c.transaction(force_rollback=True):
            c.execute("insert into item (name) values ('tried')")
    return all_of("select name from item where name in ('outer', 'inner', 'tried')")


step("transaction block", block)


def pipeline():
    got = []
    with c.pipeline() as p:
        cursors = [c.execute("select %s::int * 2", (n,)) for n in range(50)]
        p.sync()
        got.append(sum(cursor.fetchone()[0] for cursor in cursors))
        c.execute("insert into item (name) values ('piped')")
        with c.transaction():
            c.execute("update item set price = 5 where name = 'piped'")
            named = c.execute("select price from item where name = 'piped'")
        got.append(named.fetchone())
    return got


step("pipeline", pipeline)


def failing_pipeline():
    with c.pipeline():
        c.execute("insert into item (name) values ('before')")
        c.execute("select 1/0")
        c.execute("insert into item (name) values ('behind')")


step("failing pipeline", failing_pipeline)
step("what it left", lambda: all_of("select name from item where name in ('before', 'behind')"))


def several_in_pipeline():
    with c.pipeline() as p:
        good = c.execute("select 'good'")
        p.sync()
        try:
            c.execute("select nothing")
            p.sync()
        except psycopg.errors.UndefinedColumn as e:
            print("  seen:", e.sqlstate)
        last = c.execute("select 'last'")
        p.sync()
        return good.fetchall(), last.fetchall()


step("an error between", several_in_pipeline)

def many():
    cursor = c.cursor()
    cursor.executemany("insert into item (name, price) values (%s, %s) returning id is not null", [(f"many {n}", n) for n in range(100)], returning=True)
    results = 1
    while cursor.nextset():
        results += 1
    return results, cursor.rowcount


step("executemany", many)


def server_side(hold=False):
    with connect("") as own:
        with own.cursor("big", scrollable=True, withhold=hold) as cursor:
            cursor.itersize = 30
            cursor.execute("select n, 'row ' || n from generate_series(1, %s) n", (500,))
            first = cursor.fetchmany(3)
            if hold:
                own.commit()
            rest = sum(1 for _ in cursor)
            cursor.scroll(10, mode="absolute")
            return first, rest, cursor.fetchone()


step("server-side cursor", server_side)
step("server-side cursor, held", lambda: server_side(True))
step("stream", lambda: sum(r[0] for r in c.cursor().stream("select generate_series(1, 3000)")))


def copy():
    with c.cursor() as cursor:
        with cursor.copy("copy item (name, price) from stdin") as into:
            for n in range(1000):
                into.write_row((f"copied {n}", n))
        with cursor.copy("copy (select name, price from item where name like 'copied%' order by id limit 3) to stdout") as out:
            out.set_types(["text", "numeric"])
            return list(out.rows())


step("copy", copy)


def binary_copy():
    with c.cursor() as cursor:
        with cursor.copy("copy item (name, raw) from stdin with (format binary)") as into:
            into.set_types(["text", "bytea"])
            into.write_row(("binary", b"\0\1\2" * 50000))
    return all_of("select length(raw), md5(raw) from item where name = 'binary'")


step("binary copy", binary_copy)


def abandoned():
    with c.cursor().copy("copy item (name) from stdin") as into:
        into.write_row(("never",))
        raise LookupError("changed my mind")


step("abandoned copy", abandoned)


def large_copy():
    with c.cursor().copy("copy (select repeat('z', 1000) from generate_series(1, 5000)) to stdout") as out:
        return sum(len(block) for block in out)


step("large copy", large_copy)
step("after it", lambda: all_of("select count(*) from item where name = 'never'"))

step("set", lambda: (c.execute("set timezone = 'Asia/Kolkata'"), c.info.parameter_status("TimeZone"), str(all_of("select timestamptz '2026-01-01 00:00+00'")[0][0]))[1:])
step("set_config", lambda: all_of("select set_config('app.tenant', %s, false)", ("red",)))
step("read", lambda: all_of("select current_setting('app.tenant')"))
step("role", lambda: (c.execute("set role auditor"), all_of("select current_user"), c.execute("reset role"), all_of("select current_user"))[1::2])
step("search_path", lambda: (c.execute("create schema s"), c.execute("create table s.only_here (n int)"), c.execute("set search_path to s, public"), all_of("select * from only_here", prepare=True))[3])

def isolated():
    with connect("") as own:
        own.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        own.read_only = True
        return own.execute("select current_setting('transaction_isolation'), current_setting('transaction_read_only')").fetchall()


step("isolation", isolated)
step("temporary", lambda: (c.execute("create temporary table t (n int)"), c.execute("insert into t select generate_series(1, 10)"), all_of("select sum(n) from t"), c.execute("drop table t"))[2])
step("binary types", lambda: c.cursor(binary=True).execute("select 1::int8, 1.5::float8, true, null::int, '{1,2}'::int[], date '2026-01-01', interval '1 day', '[1,5)'::int4range").fetchall())
step("row factories", lambda: c.cursor(row_factory=psycopg.rows.dict_row).execute("select name, price from item order by id limit 2").fetchall())
step("composed", lambda: c.execute(sql.SQL("select {f} from {t} order by id limit 1").format(f=sql.Identifier("name"), t=sql.Identifier("item"))).fetchall())
notices = []
c.add_notice_handler(lambda d: notices.append((d.severity, d.message_primary)))
step("notices", lambda: (c.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$"), notices)[1])

def several():
    cursor = c.execute("select 1; select 2, 3; select 4 where false")
    got = [cursor.fetchall()]
    while cursor.nextset():
        got.append(cursor.fetchall())
    return got


step("several results", several)

def two_phase():
    own = connect("")
    own.tpc_begin(own.xid(1, "global", "branch"))
    own.execute("select 1")
    try:
        own.tpc_prepare()
    finally:
        own.close()


step("prepared transaction", two_phase)

listener = connect("", autocommit=True)
listener.execute("listen news")
heard = []
# Whether these are its own words; by which other session is not compared, for it may be one that spoke on that backend later.
listener.add_notify_handler(lambda n: heard.append((n.channel, n.payload, n.pid == listener.info.backend_pid)))
step("notify", lambda: c.execute("notify news, 'one'").statusmessage)
step("pg_notify", lambda: all_of("select pg_notify('news', %s), pg_notify('other', 'no')", ("two",)))


def rolled_back():
    with connect("") as own:
        own.execute("notify news, 'rolled back'")
        own.rollback()


step("notify, rolled back", rolled_back)
for _ in range(50):
    listener.execute("select pg_sleep(0.02)")
    if len(heard) >= 2:
        break
step("heard", lambda: heard)
step("to itself", lambda: (listener.execute("notify news, 'mine'").statusmessage, heard[2:]))


def generated():
    threading.Timer(0.2, lambda: (c.execute("notify news, 'three'"), c.execute("notify news, 'stop'"))).start()
    got = []
    for n in listener.notifies():
        got.append(n.payload)
        if n.payload == "stop":
            return got


step("notifies()", generated)
listener.close()


def cancelled():
    threading.Timer(0.5, c.cancel).start()
    return all_of("select pg_sleep(20)")


step("cancelled", cancelled)
step("after it", lambda: all_of("select 1"))


async def asynchronous():
    async with await psycopg.AsyncConnection.connect("", autocommit=True) as own:
        async def count(n):
            async with own.cursor() as cursor:
                await cursor.execute("select %s::int", (n,))
                return await cursor.fetchone()
        await astep("asyncio", asyncio.gather(*(count(n) for n in range(10))))
        async with own.pipeline():
            await astep("asyncio pipeline", asyncio.gather(*(count(n) for n in range(10))))


asyncio.run(asynchronous())
