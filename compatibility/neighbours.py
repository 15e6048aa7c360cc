"""Three sessions that share the two backends with the client under test, and behave as badly as sessions do: they set what
a client reads, prepare under the names drivers use, lock, listen, make temporary tables, leave transactions open and die
in the middle of it. Their own errors don't matter. Raw protocol 3.0, since drivers tidy up.

Prints a line when each of them has been served once; ends by SIGTERM, and by itself after ten minutes.
"""
import os, random, socket, struct, sys, threading, time

PATH = f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ['PGPORT']}"
SETTINGS = [
    "set search_path = pg_catalog, nowhere", "set timezone = 'Asia/Tokyo'", "set datestyle = 'German, DMY'",
    "set intervalstyle = 'sql_standard'", "set bytea_output = 'escape'", "set extra_float_digits = -3", "set role auditor",
    "set client_encoding = 'LATIN1'", "set standard_conforming_strings = off", "set application_name = 'neighbour'",
    "set default_transaction_read_only = on", "set default_transaction_isolation = 'serializable'",
    "set statement_timeout = 7000", "set app.tenant = 'neighbour'", "set session characteristics as transaction read only",
    "select set_config('lc_numeric', 'C', false), set_config('app.tenant', 'another', false)",
    "set plan_cache_mode = force_generic_plan", "set lock_timeout = 900", "set client_min_messages = error",
]
# pgjdbc's, psycopg 3's, asyncpg's, and what people type.
NAMES = ["S_1", "S_2", "S_3", "_pg3_0", "_pg3_1", "__asyncpg_stmt_1__", "__asyncpg_stmt_2__", "plan", "q", "by_id", "p1"]
OBJECTS = [
    "create temporary table accounts (wrong text)", "select pg_advisory_lock(424242)", "listen neighbours",
    "declare held cursor with hold for select generate_series(1, 100)", "prepare plan as select 'wrong'",
    "notify neighbours, 'gossip'", "create temporary sequence ids", "select setseed(0.5)",
]
served = threading.Semaphore(0)


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


class Neighbour:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(15)
        self.socket.connect(PATH)
        words = "user", os.environ["PGUSER"], "database", os.environ["PGDATABASE"], "options", "-c work_mem=77kB"
        body = b"".join(w.encode() + b"\0" for w in words) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
        self.until_ready()

    def receive(self, n):
        got = b""
        while len(got) < n:
            part = self.socket.recv(n - len(got))
            if not part:
                raise ConnectionError
            got += part
        return got

    def until_ready(self):
        while True:
            header = self.receive(5)
            self.receive(struct.unpack("!i", header[1:])[0] - 4)
            if header[:1] == b"Z":
                return

    def query(self, text):
        self.socket.sendall(message(b"Q", text.encode() + b"\0"))
        self.until_ready()

    def parse(self, name):
        self.socket.sendall(message(b"P", name.encode() + b"\0select 'not yours'\0\0\0") + message(b"S", b""))
        self.until_ready()

    def life(self):
        """One session, from its login to its death."""
        r = self.random
        self.connect()
        for text in r.sample(SETTINGS, 4):
            self.query(text)
        for name in r.sample(NAMES, 3):
            self.parse(name)
        self.query(r.choice(OBJECTS))
        served.release()
        time.sleep(r.uniform(0.001, 0.02))
        death = r.randrange(5)
        if death == 0:  # an open transaction, with a lock and a setting in it
            self.query("begin; set local role auditor; select pg_advisory_xact_lock(77); set app.tenant = 'dead'")
        elif death == 1:  # a failed one
            self.query("begin; select 1/0")
        elif death == 2:  # with its answer under way
            self.socket.sendall(message(b"Q", b"select repeat('x', 1000) from generate_series(1, 500)\0"))
        elif death == 3:  # a message half sent, behind a whole one
            self.socket.sendall(message(b"P", b"S_1\0select 'half'\0\0\0") + b"B\0\0\0\x40half")
        else:
            self.socket.sendall(message(b"X", b""))
        self.socket.close()

    def lives(self):
        while time.monotonic() < end:
            try:
                self.life()
            except (OSError, ConnectionError, struct.error):
                served.release()
                self.socket.close()
            time.sleep(self.random.uniform(0.005, 0.03))


end = time.monotonic() + 600
for seed in 1, 2, 3:
    threading.Thread(target=Neighbour(seed).lives, daemon=True).start()
for _ in range(3):
    served.acquire()
print("here", flush=True)
time.sleep(600)
