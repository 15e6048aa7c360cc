"""What the clients run in: packages, a PostgreSQL 15 of the suite's own, a packaged pooler, and the neighbours."""
import http.client, os, pathlib, pwd, shutil, signal, socket, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = HERE / "target"
BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
PORT = "5432"  # of a socket file's name; nothing listens on TCP

PACKAGES = {
    "postgresql": ["postgresql", "postgresql-client"],
    "python": ["python3-psycopg2", "python3-psycopg", "python3-asyncpg", "python3-sqlalchemy", "python3-django"],
    "libpq": ["gcc", "libc6-dev", "libpq-dev"],
    "node": ["nodejs", "npm"],  # unless there are others
}
http_port = None


def say(text):
    print(text, file=sys.stderr, flush=True)


def checked(command, what, **more):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **more)
    if p.returncode:
        sys.exit(f"compatibility/run: {what}: status {p.returncode}\n{p.stdout[-3000:]}")
    return p.stdout


# ---- what has to be installed ------------------------------------------------------------------------------------------


def prepare(needs, with_pooler):
    TARGET.mkdir(exist_ok=True)
    there = {"node"} if shutil.which("node") and shutil.which("npm") else set()
    apt(["postgresql"] + sorted(needs & PACKAGES.keys() - there))
    if "node" in needs:
        npm()
    if "java" in needs:
        maven()
    if "libpq" in needs:
        make(TARGET / "pipeline", [HERE / "libpq/pipeline.c"], c_program)
    if with_pooler:
        checked([ROOT / "pooler", "version"], "building pooler")


def apt(groups):
    wanted = [p for g in groups for p in PACKAGES[g]]
    missing = [p for p in wanted if subprocess.run(["dpkg", "-s", p], capture_output=True).returncode]
    if not missing:
        return
    if os.geteuid():
        sys.exit(f"compatibility/run: not root: apt-get install {' '.join(missing)}")
    say(f"installing {' '.join(missing)}")
    # Debian would start a cluster of its own, which nothing here uses.
    no_cluster = pathlib.Path("/etc/postgresql-common/createcluster.conf")
    if not no_cluster.exists():
        no_cluster.parent.mkdir(exist_ok=True)
        no_cluster.write_text("create_main_cluster = false\n")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    checked(["apt-get", "update", "-q"], "apt-get update", env=env)
    options = ["-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    checked(["apt-get", "install", *options, *missing], "apt-get install", env=env)


def make(made, sources, how):
    if not made.exists() or max(s.stat().st_mtime for s in sources) > made.stat().st_mtime:
        how(made)
        made.touch()


def c_program(made):
    say("compiling libpq/pipeline.c")
    include = subprocess.run(["pg_config", "--includedir"], capture_output=True, text=True).stdout.strip()
    checked(["gcc", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{include}", "-o", made, HERE / "libpq/pipeline.c", "-lpq"], "gcc")


def npm():
    def install(_):
        say("npm ci")
        (TARGET / "node").mkdir(exist_ok=True)
        for name in "package.json", "package-lock.json":
            shutil.copy(HERE / "node" / name, TARGET / "node" / name)
        # No package here needs a script of its own to be installed.
        checked(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci", cwd=TARGET / "node")

    make(TARGET / "node/installed", [HERE / "node/package.json", HERE / "node/package-lock.json"], install)


def maven():
    def build(_):
        say("building compatibility/java")
        shutil.rmtree(HERE / "java/target/classes", ignore_errors=True)  # what was renamed would stay
        checked([ROOT / "mvnw", "-q", "-B", "-f", HERE / "java/pom.xml", "process-classes"], "Maven")

    sources = [HERE / "java/pom.xml", *(p for p in (HERE / "java/src").rglob("*") if p.is_file())]
    make(HERE / "java/target/classpath", sources, build)


def java():
    """A command line of a JDK 25, as far as the class name."""
    find = 'source .mvn/find-jdk.sh; find_jdk java >&2 || exit 1; echo "$JDK"'
    jdk = subprocess.run(["bash", "-c", find], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    class_path = f"java/target/classes:{(HERE / 'java/target/classpath').read_text()}"
    flags = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "--enable-native-access=ALL-UNNAMED"]
    return [f"{jdk}/bin/java", *flags, "-cp", class_path]


def environment(directory, database):
    """What a script is told: libpq's own variables, and nothing of the caller's session that could make two runs differ."""
    kept = {k: os.environ[k] for k in ("PATH", "HOME", "JAVA_HOME") if k in os.environ}
    return {
        **kept,
        "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
        "NODE_NO_WARNINGS": "1",  # they carry process ids
        "PGHOST": str(directory), "PGPORT": PORT, "PGUSER": "app", "PGDATABASE": database, "PGCONNECT_TIMEOUT": "20",
        "NODE_PATH": str(TARGET / "node/node_modules"), "COMPATIBILITY_TARGET": str(TARGET), "SERVER_BIN": str(BIN),
    }


# ---- what runs ---------------------------------------------------------------------------------------------------------


def stop(process, sig=signal.SIGTERM):
    process.send_signal(sig)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def await_socket(directory, process, what, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(f"{directory}/.s.PGSQL.{PORT}")
                return
            except OSError:
                pass
        if process.poll() is not None:
            sys.exit(f"compatibility/run: {what} ended with {process.returncode}; see {TARGET}")
        if time.monotonic() > deadline:
            sys.exit(f"compatibility/run: {what} doesn't listen after {seconds} s; see {TARGET}")
        time.sleep(0.05)


class Server:
    """Debian's PostgreSQL 15 in a temporary directory. It refuses to run as root: then it runs as Debian's user postgres."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="compatibility."))
        self.given = bool(directory)

    def __enter__(self):
        self.as_postgres, data = [], self.directory / "data"
        if os.geteuid() == 0:
            self.as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            shutil.chown(self.directory, "postgres")
        self.directory.chmod(0o755)
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        checked([*self.as_postgres, BIN / "initdb", "-D", data, *options], "initdb", cwd="/")
        settings = {"listen_addresses": "", "port": PORT, "unix_socket_directories": self.directory, "fsync": "off",
                    "max_connections": "40", "wal_level": "logical", "timezone": "UTC", "log_timezone": "UTC", "autovacuum": "off"}
        flags = [f for k, v in settings.items() for f in ("-c", f"{k}={v}")]
        self.log = open(TARGET / "postgresql.log", "w")
        self.process = subprocess.Popen([*self.as_postgres, BIN / "postgres", "-D", data, *flags], cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        await_socket(self.directory, self.process, "PostgreSQL")
        while subprocess.run([BIN / "pg_isready", "-q", "-h", self.directory, "-p", PORT]).returncode:
            time.sleep(0.05)
        self.sql("create role app login replication", "create role auditor", "grant auditor to app")
        return self

    def sql(self, *statements):
        each = [x for s in statements for x in ("-c", s)]
        checked(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-p", PORT, "-U", "postgres", *each,
                 "postgres"], statements[0])

    def drop_database(self, name):
        self.sql(f'drop database if exists "{name}" with (force)')

    def fresh_database(self, name):
        self.drop_database(name)
        self.sql(f'create database "{name}" owner app template template0')

    def __exit__(self, *_):
        stop(self.process, signal.SIGINT)
        self.log.close()
        if not self.given:
            shutil.rmtree(self.directory, ignore_errors=True)


class Pooler:
    """The packaged pooler, transaction mode, two backends for each database."""

    def __init__(self, server, level):
        global http_port
        self.directory = server.directory / "pooler"
        checked([*server.as_postgres, "mkdir", "-m", "777", self.directory], "mkdir")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            http_port = s.getsockname()[1]
        config = TARGET / "pooler.yaml"
        config.write_text(f"""\
listen:
  - {{protocol: postgres, address: "unix:{self.directory}/.s.PGSQL.{PORT}", auth: peer, allow-uids: {{{os.geteuid()}: app}}}}
http: {{address: "127.0.0.1:{http_port}"}}
databases:
  "*":
    hosts: ["unix:{server.directory}/.s.PGSQL.{PORT}"]
    user: app
    replication: true
    pool: {{mode: transaction, size: 2, min-idle: 0}}
""")
        self.log = open(TARGET / "pooler.log", "w")
        self.process = subprocess.Popen([ROOT / "pooler-server/target/pooler/bin/pooler", "run", "--config", config],
                                        env={**os.environ, "POOLER_LOG": level}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        await_socket(self.directory, self.process, "pooler")

    def stop(self):
        stop(self.process)
        self.log.close()


class Neighbours:
    def __init__(self, directory, database):
        self.process = subprocess.Popen([sys.executable, HERE / "neighbours.py"], env=environment(directory, database),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()  # each has had a backend

    def stop(self):
        stop(self.process)


def pins(database):
    """pooler_pins_total of one database, by reason."""
    connection = http.client.HTTPConnection("127.0.0.1", http_port, timeout=10)
    connection.request("GET", "/metrics")
    found = {}
    for line in connection.getresponse().read().decode().splitlines():
        if line.startswith("pooler_pins_total{") and f'database="{database}"' in line:
            reason = line.split('reason="')[1].split('"')[0]
            found[reason] = int(float(line.rsplit(" ", 1)[1]))
    return found
