"""psycopg2 as applications use it: implicit transactions, autocommit, named cursors, copy, notifications, large objects."""
import datetime, decimal, io, json, select, uuid
import psycopg2, psycopg2.errorcodes, psycopg2.extensions, psycopg2.extras, psycopg2.pool, psycopg2.sql as sql
from report import step

connect = lambda **more: psycopg2.connect("", **more)


def rows(connection, text, *values, factory=None):
    with connection.cursor(cursor_factory=factory) as cursor:
        cursor.execute(text, *values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


c = connect(application_name="shop", options="-c work_mem=321kB")
step("parameters", lambda: {k: c.info.parameter_status(k) for k in
     ("server_encoding", "client_encoding", "DateStyle", "TimeZone", "IntervalStyle", "application_name", "standard_conforming_strings")})
step("options", lambda: rows(c, "show work_mem"))
step("schema", lambda: rows(c, "create table item (id serial primary key, name text unique, price numeric, tags text[], data jsonb, made timestamptz, raw bytea, ref uuid)"))
c.commit()
psycopg2.extras.register_uuid()
values = ("lamp", decimal.Decimal("12.50"), ["a", "b"], psycopg2.extras.Json({"w": 60}), datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
          psycopg2.Binary(b"\x00\xff'"), uuid.UUID(int=7))
step("insert", lambda: rows(c, "insert into item (name, price, tags, data, made, raw, ref) values (%s, %s, %s, %s, %s, %s, %s) returning id", values))
step("read back", lambda: rows(c, "select * from item"))
step("duplicate", lambda: rows(c, "insert into item (name) values ('lamp')"))
step("aborted", lambda: rows(c, "select 1"))
step("status", lambda: c.info.transaction_status)
c.rollback()
step("gone", lambda: rows(c, "select count(*) from item"))
c.rollback()
with c:
    rows(c, "insert into item (name, price) values ('desk', 100)")
try:
    with c:
        rows(c, "insert into item (name, price) values ('sofa', 500)")
        raise LookupError
except LookupError:
    pass
step("with", lambda: rows(c, "select name from item order by 1"))
c.commit()

with c.cursor() as cursor:
    psycopg2.extras.execute_values(cursor, "insert into item (name, price) values %s", [(f"thing {n}", n) for n in range(250)], page_size=100)
    psycopg2.extras.execute_batch(cursor, "update item set price = price + %s where name = %s", [(1, f"thing {n}") for n in range(100)], page_size=30)
c.commit()
step("sums", lambda: rows(c, "select count(*), sum(price) from item"))
c.commit()


def named(hold):
    with connect() as own:
        cursor = own.cursor("big", withhold=hold, scrollable=True)
        cursor.itersize = 40
        cursor.execute("select id, name from item order by id")
        first = [next(cursor) for _ in range(3)]
        if hold:
            own.commit()
        rest = sum(1 for _ in cursor)
        cursor.scroll(0, mode="absolute")
        again = cursor.fetchmany(2)
        cursor.close()
        return first, rest, again


step("named cursor", lambda: named(False))
step("named cursor with hold", lambda: named(True))

out = io.StringIO()
with c.cursor() as cursor:
    step("copy_from", lambda: cursor.copy_from(io.StringIO("copied\t1\nalso\t2\n"), "item", columns=("name", "price")))
    step("copy_expert", lambda: cursor.copy_expert("copy (select name, price from item where name in ('copied', 'also') order by 1) to stdout with csv header", out))
print(out.getvalue())
c.commit()
with c.cursor() as cursor:
    step("copy fails", lambda: cursor.copy_from(io.StringIO("x\tnot a number\n"), "item", columns=("name", "price")))
c.rollback()
with c.cursor() as cursor:
    big = io.StringIO("".join(f"{n}\t{'y' * 100}\n" for n in range(20000)))
    cursor.execute("create table big (n int, t text)")
    cursor.copy_from(big, "big")
    cursor.execute("select count(*), md5(string_agg(t, '' order by n)) from big")
    print("a large copy:", cursor.fetchall())
c.commit()

c.autocommit = True
step("autocommit", lambda: rows(c, "vacuum item"))
step("set", lambda: rows(c, "set timezone = 'Asia/Kolkata'"))
step("reported", lambda: c.info.parameter_status("TimeZone"))
step("in its zone", lambda: rows(c, "select timestamptz '2026-01-01 00:00:00+00'"))
step("tenant", lambda: rows(c, "select set_config('app.tenant', %s, false)", ("red",)))
step("tenant read", lambda: rows(c, "select current_setting('app.tenant')"))
step("role", lambda: rows(c, "set role auditor"))
step("role read", lambda: rows(c, "select current_user, session_user"))
step("role reset", lambda: rows(c, "reset role"))
step("search_path", lambda: rows(c, "create schema app2; create table app2.here (n int); set search_path = app2"))
step("search_path read", lambda: rows(c, "select * from here"))
step("reset", lambda: c.reset())
step("after reset", lambda: rows(c, "select current_setting('search_path'), current_setting('timezone')"))
c.commit()
c.autocommit = False
c.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
step("session", lambda: rows(c, "select current_setting('transaction_isolation'), current_setting('transaction_read_only')"))
step("read only", lambda: rows(c, "delete from item"))
c.rollback()
c.set_session(isolation_level="DEFAULT", readonly="DEFAULT", deferrable="DEFAULT")
step("encoding", lambda: c.set_client_encoding("LATIN1"))
step("encoded", lambda: rows(c, "select 'é', current_setting('client_encoding')"))
c.rollback()
c.set_client_encoding("UTF8")

step("factories", lambda: [dict(r) for r in rows(c, "select name, price from item order by id limit 2", factory=psycopg2.extras.RealDictCursor)])
step("named tuples", lambda: [r.name for r in rows(c, "select name from item order by id limit 2", factory=psycopg2.extras.NamedTupleCursor)])
step("composed", lambda: rows(c, sql.SQL("select {} from {} where {} = %s").format(sql.Identifier("price"), sql.Identifier("item"), sql.Identifier("name")), ("desk",)))
step("notices", lambda: (rows(c, "do $$ begin raise notice 'one'; raise warning 'two'; end $$"), c.notices[-2:]))
step("error fields", lambda: rows(c, "insert into item (id, name) values (1, 'x')"))
c.rollback()


def large_object():
    o = c.lobject(0, "wb")
    o.write(b"0123456789" * 1000)
    o.close()
    c.commit()
    o = c.lobject(o.oid, "rwb")
    o.seek(9995)
    end = o.read(10)
    o.truncate(10)
    size = o.seek(0, 2)
    o.unlink()
    c.commit()
    return end, size


step("large object", large_object)
c.rollback()

listener, sender = connect(), connect()
listener.autocommit = sender.autocommit = True
rows(listener, "listen news")


def heard(least, seconds=5):
    """At least so many, and what comes within 0.2 s after them; whether they are its own words.

    By which other session is not compared: where sessions share a backend it may be one that spoke there later.
    """
    while len(listener.notifies) < least and select.select([listener], [], [], seconds)[0]:
        listener.poll()
    while select.select([listener], [], [], 0.2)[0]:
        listener.poll()
    got = [(n.channel, n.payload, n.pid == listener.info.backend_pid) for n in listener.notifies]
    listener.notifies.clear()
    return got


step("notify", lambda: rows(sender, "notify news, 'one'"))
step("pg_notify", lambda: rows(sender, "select pg_notify('news', 'two'), pg_notify('other', 'not asked for')"))
step("heard", lambda: heard(2))
step("to itself", lambda: (rows(listener, "notify news, 'mine'"), heard(1)))
sender.autocommit = False
step("notify, rolled back", lambda: rows(sender, "notify news, 'rolled back'"))
sender.rollback()
step("notify, committed", lambda: (rows(sender, "notify news, 'committed'"), sender.commit()))
step("heard in transactions", lambda: heard(1))
step("unlisten", lambda: rows(listener, "unlisten news"))
step("notify", lambda: (rows(sender, "notify news, 'unheard'"), sender.commit()))
step("unlistened", lambda: heard(0))
listener.close()

sender.autocommit = True
step("advisory lock", lambda: rows(sender, "select pg_advisory_lock(9)"))
step("held against others", lambda: rows(c, "select pg_try_advisory_lock(9)"))
step("unlocked", lambda: rows(sender, "select pg_advisory_unlock(9)"))
step("free for others", lambda: rows(c, "select pg_try_advisory_lock(9), pg_advisory_unlock(9)"))
c.commit()
step("temporary", lambda: rows(sender, "create temporary table t (n int)"))
step("temporary used", lambda: rows(sender, "insert into t values (1), (2)"))
step("prepared", lambda: rows(sender, "prepare plan (int) as select name from item where id = $1"))
step("executed", lambda: [rows(sender, "execute plan (%s)", (n,)) for n in (1, 3)])
step("deallocated", lambda: rows(sender, "deallocate plan"))
step("cancelled", lambda: rows(sender, "set statement_timeout = 50; select pg_sleep(5)"))
step("timeout kept", lambda: rows(sender, "show statement_timeout"))


def cancel():
    import threading
    threading.Timer(0.5, sender.cancel).start()
    return rows(sender, "set statement_timeout = 0; select pg_sleep(20)")


step("cancel", cancel)
step("after it", lambda: rows(sender, "select 1"))
sender.close()

pool = psycopg2.pool.ThreadedConnectionPool(1, 3, "")


def pooled():
    got = []
    for n in range(6):
        one = pool.getconn()
        got.append(rows(one, "select %s", (n,)))
        pool.putconn(one)
    pool.closeall()
    return got


step("its own pool", pooled)
a = psycopg2.connect("", async_=True)


def wait():
    while (state := a.poll()) != psycopg2.extensions.POLL_OK:
        select.select([a.fileno()] if state == 1 else [], [a.fileno()] if state == 2 else [], [], 10)


def asynchronous():
    wait()
    cursor = a.cursor()
    cursor.execute("select pg_sleep(0.05), 42")
    wait()
    return cursor.fetchall()


step("asynchronous", asynchronous)
