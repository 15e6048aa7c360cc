"""The clients of the suite: their names, how each is run, what it needs, and what is normalised with which reason."""
import dataclasses, setting


@dataclasses.dataclass
class Client:
    name: str
    arguments: list
    needs: list = dataclasses.field(default_factory=list)
    normalise: list = dataclasses.field(default_factory=list)  # (pattern, replacement, reason)
    slow: bool = False
    awaited: list = dataclasses.field(default_factory=list)  # (pattern, cause): known to differ; an error once it doesn't

    @property
    def command(self):
        if "java" in self.needs:
            return setting.java() + [f"dev.pooler.compatibility.{self.arguments[0]}", *self.arguments[1:]]
        return self.arguments


# For every client. The socket's directory is replaced besides: it is the one difference that is meant.
EVERYWHERE = [
    (r"(?<=process with PID )\d+|(?<=Process )\d+(?= waits)|(?<=blocked by process )\d+", "N", "a process id is new each time"),
    (r"\bpg_(toast_)?temp_\d+", r"pg_\1temp_N", "named after the server's slot of the backend"),
]

PYTHON = "/usr/bin/python3"  # Debian's, which sees Debian's python3-… packages; the first in PATH may be another

CLIENTS = [
    Client("psql", ["psql/run"], normalise=[(r"^lo_import \d+$", "lo_import OID", "the server's next OID")]),
    Client("psycopg2", [PYTHON, "python/with_psycopg2.py"], ["python"]),
    Client("psycopg3", [PYTHON, "python/with_psycopg3.py"], ["python"]),
    Client("asyncpg", [PYTHON, "python/with_asyncpg.py"], ["python"]),
    Client("sqlalchemy", [PYTHON, "python/with_sqlalchemy.py"], ["python"]),
    Client("django", [PYTHON, "python/with_django.py"], ["python"]),
    Client("libpq-pipeline", ["target/pipeline"], ["libpq"]),
    Client("pg_dump-pg_restore", ["dump/run"], normalise=[
        (r"^\\(un)?restrict \w+$", r"\\\1restrict KEY", "pg_dump's key against injected commands is random"),
        (r"/tmp/tmp\.\w+", "TEMPORARY", "the script's temporary directory"),
    ]),
    Client("replication-tools", ["replication/run"], normalise=[
        (r"\b[0-9A-F]{24}\b", "SEGMENT", "where the server's log is"),
    ]),
    Client("node-postgres", ["node", "node/pg.cjs"], ["node"]),
    Client("postgres.js", ["node", "node/postgres.cjs"], ["node"]),
    Client("knex", ["node", "node/knex.cjs"], ["node"]),
    *[
        Client(f"pgjdbc-{name}", ["pgjdbc.Pgjdbc", *properties], ["java"])
        for name, properties in {
            "threshold-1": ["prepareThreshold=1", "preparedStatementCacheQueries=20"],
            "threshold-5": ["prepareThreshold=5"],
            "autosave": ["autosave=always", "prepareThreshold=2"],
            "rewrite": ["reWriteBatchedInserts=true", "prepareThreshold=1", "defaultRowFetchSize=20"],
            "simple": ["preferQueryMode=simple", "options=-c work_mem=321kB"],
        }.items()
    ],
    Client("hibernate", ["HibernateShop"], ["java"]),
    Client("flyway", ["FlywayMigrations"], ["java"]),
    Client("liquibase", ["LiquibaseChanges"], ["java"]),
]
