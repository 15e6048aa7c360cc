package dev.pooler.server.config;

import dev.pooler.core.config.AuthQueryConfig;
import dev.pooler.server.config.Shape.Group;
import dev.pooler.server.config.Shape.Groups;
import dev.pooler.server.config.Shape.Many;
import dev.pooler.server.config.Shape.Named;
import dev.pooler.server.config.Shape.One;
import dev.pooler.server.config.Shape.SecretForm;
import dev.pooler.server.config.Shape.Uids;
import dev.pooler.server.config.ValueType.Count;
import dev.pooler.server.config.ValueType.FilePath;
import dev.pooler.server.config.ValueType.Flag;
import dev.pooler.server.config.ValueType.HttpSocket;
import dev.pooler.server.config.ValueType.Mode;
import dev.pooler.server.config.ValueType.Size;
import dev.pooler.server.config.ValueType.Socket;
import dev.pooler.server.config.ValueType.Text;
import dev.pooler.server.config.ValueType.Time;
import dev.pooler.server.config.ValueType.Word;
import java.time.Duration;
import java.util.List;

/**
 * The table of all keys. The reader, {@code pooler config}, its schema, docs/configuration.md and
 * SHOW CONFIG are made from it, and from nothing else.
 *
 * <p>The floors of pool times are HikariCP 7.1.0's ({@code HikariConfig.validateNumerics}), which
 * replaces smaller values without an error.
 */
final class Keys {
  private static final Duration MILLISECOND = Duration.ofMillis(1);
  private static final Time ANY_TIME = new Time(MILLISECOND, "unbounded");
  private static final Time NEEDED_TIME = new Time(MILLISECOND, "");

  /** 0 is no limit. */
  private static final Count QUOTA = new Count(0, 1_000_000);

  /**
   * A target's port is its protocol's where none is named; MySQL's targets come with that protocol.
   */
  private static final Socket TARGET = new Socket(5432);

  private static final List<Key> SERVER_TLS =
      List.of(
          Key.required(
              "cert", new One(new FilePath()), "/tls/tls.crt", "certificate and its chain, PEM"),
          Key.required("key", new One(new FilePath()), "/tls/tls.key", "private key, PEM"),
          Key.optional(
              "ca",
              new One(new FilePath()),
              "clients are asked for none",
              "/tls/clients.crt",
              "who signs clients' certificates, PEM; with auth cert"));

  private static final List<Key> LISTENER =
      List.of(
          Key.of(
                  "protocol",
                  new Word(List.of("postgres", "mysql")),
                  "postgres",
                  "what clients speak here")
              .later(List.of("postgres"), List.of()),
          Key.required(
              "address",
              new One(new Socket(0)),
              "\"unix:/run/pooler/.s.PGSQL.5432\"",
              "where clients connect"),
          Key.of(
              "mode",
              new Mode(),
              "0660",
              "permissions of the socket file; write permission is needed to connect"),
          Key.optional(
                  "auth",
                  new One(
                      new Word(
                          List.of(
                              "peer",
                              "trust",
                              "scram-sha-256",
                              "md5",
                              "cert",
                              "caching_sha2_password"))),
                  "peer on unix, scram-sha-256 on tcp",
                  "peer",
                  "how a client shows who it is")
              .later(List.of("peer", "trust", "scram-sha-256", "md5", "cert"), List.of()),
          Key.optional(
              "allow-uids",
              new Uids(),
              "only the uid pooler runs as",
              "{1000: app}",
              "further uids that may connect with auth peer, and the user each of them is"),
          Key.optional(
              "tls",
              new Group(SERVER_TLS),
              "clients that ask for TLS are told no",
              "{cert: /tls/tls.crt, key: /tls/tls.key}",
              "what clients that ask for TLS are shown"));

  private static final List<Key> HTTP =
      List.of(
          Key.of(
              "address",
              new HttpSocket(),
              "127.0.0.1:9187",
              "where /metrics, /live, /ready, /pools, /sessions and /pins are served"),
          Key.optional(
              "token",
              new SecretForm(),
              "none is asked for",
              "{file: /run/secrets/pooler-token}",
              "bearer token that POST /drain, POST /reload, /sessions and /pins ask for"));

  private static final List<Key> CLIENT_TLS =
      List.of(
          Key.of(
              "mode",
              new Word(List.of("disable", "prefer", "require", "verify-ca", "verify-full")),
              "prefer",
              "how much is insisted on; not used on Unix sockets"),
          Key.optional(
              "ca",
              new One(new FilePath()),
              "the JDK's certificates",
              "/tls/ca.crt",
              "trusted certificates, PEM"),
          Key.optional(
              "cert",
              new One(new FilePath()),
              "none is sent",
              "/tls/client.crt",
              "our certificate, PEM"),
          Key.optional(
              "key", new One(new FilePath()), "none", "/tls/client.key", "its private key, PEM"),
          Key.of(
              "negotiation",
              new Word(List.of("postgres", "direct")),
              "postgres",
              "direct: TLS at once with ALPN, no request before it (PostgreSQL 17)"),
          Key.of(
              "channel-binding",
              new Word(List.of("disable", "prefer", "require")),
              "prefer",
              "SCRAM-SHA-256-PLUS: the proof is tied to the target's certificate"));

  private static final List<Key> PINS =
      List.of(
          pin(
              "setting",
              "settings whose names the text does not show, or that are too large or too many to be"
                  + " moved"),
          pin("prepared-statement", "SQL PREPARE"),
          pin("listen", "LISTEN"),
          pin("temporary-object", "temporary tables and the like that outlive their transaction"),
          pin("hold-cursor", "DECLARE … WITH HOLD"),
          pin("advisory-lock", "advisory locks of the session"),
          pin("loaded-library", "LOAD"),
          pin("random-seed", "setseed, SET seed"),
          pin("code", "DO, CALL and functions that hide which settings they change"),
          pin("large-statement", "texts above 256 KiB, which are not read"),
          pin("unknown", "texts that are not understood"));

  private static final List<Key> POOL =
      List.of(
          Key.of(
              "mode",
              new Word(List.of("session", "transaction", "statement")),
              "transaction",
              "when a lease ends"),
          Key.of(
              "size", new Count(1, 10_000), "16", "most backends at once, for each backend user"),
          Key.of("min-idle", new Count(0, 10_000), "1", "backends kept open without work"),
          Key.of(
                  "lanes",
                  new Word(List.of("off", "auto")),
                  "auto",
                  "shared backends for pure reads")
              .laterIgnored("off", "auto"),
          Key.of(
              "max-wait",
              new Time(Duration.ofMillis(250), ""),
              "10s",
              "longest wait of a client for a backend"),
          Key.of(
              "max-lifetime",
              new Time(Duration.ofSeconds(30), "never"),
              "30m",
              "age at which a backend is replaced"),
          Key.of(
              "idle-timeout",
              new Time(Duration.ofSeconds(10), "never"),
              "5m",
              "an unused backend above min-idle is closed"),
          Key.of(
              "keepalive",
              new Time(Duration.ofSeconds(30), "never"),
              "2m",
              "how often an unused backend is tried"),
          Key.of(
              "leak-after",
              new Time(MILLISECOND, "never"),
              "0",
              "a lease held longer than this is logged"),
          Key.of(
              "reserve-size",
              new Count(0, 10_000),
              "0",
              "further backends for when clients have waited for reserve-after"),
          Key.of(
              "reserve-after",
              new Time(MILLISECOND, ""),
              "5s",
              "wait that opens the reserve; so long without one closes it"),
          Key.of(
              "queue-notice",
              new Time(MILLISECOND, "never"),
              "0",
              "a client that waits longer than this for a backend gets a notice, once a wait"),
          Key.group(
              "pins",
              PINS,
              "what happens to a statement that leaves what can't move: the session keeps its backend"
                  + " (pin), the statement does not run (refuse), or whoever has the backend next"
                  + " finds it there (allow)"),
          Key.of(
              "pin-notice",
              new Flag(),
              "false",
              "clients get a notice when they become pinned, with reason and statement"),
          Key.of(
              "prepared-statements",
              new Count(1, 100_000),
              "256",
              "most prepared statements kept on one backend"),
          Key.of(
              "cache-unnamed-statements",
              new Flag(),
              "true",
              "queries that come again and again as unnamed statements are kept parsed on backends,"
                  + " for a second at a time"),
          Key.of(
              "replication-size",
              new Count(1, 10_000),
              "8",
              "most replication connections at once, for each backend user and kind; outside"
                  + " size"));

  private static final List<Key> TIMEOUTS =
      List.of(
          Key.of(
              "connect",
              new Time(Duration.ofMillis(250), ""),
              "5s",
              "opening and authenticating a backend"),
          Key.of(
              "login",
              NEEDED_TIME,
              "15s",
              "a client's start-up and authentication; until it has named its database the longest"
                  + " of all holds"),
          Key.of("statement", ANY_TIME, "0", "one statement, until it is answered"),
          Key.of(
              "idle-in-transaction",
              ANY_TIME,
              "0",
              "between two statements of an open transaction"),
          Key.of("client-idle", ANY_TIME, "0", "between two transactions of a client"),
          Key.of(
                  "failover-hold",
                  new Time(MILLISECOND, "not at all"),
                  "10s",
                  "how long statements wait while a failover goes on")
              .laterIgnored("0", "10s"));

  private static final List<Key> DATABASE_LIMITS =
      List.of(
          Key.of("clients", QUOTA, "0", "most client connections at once; 0: unbounded"),
          Key.of("backends", QUOTA, "0", "most backends at once, of all users; 0: unbounded"));

  private static final List<Key> DATABASE =
      List.of(
          Key.of(
                  "protocol",
                  new Word(List.of("postgres", "mysql")),
                  "postgres",
                  "what the targets speak")
              .later(List.of("postgres"), List.of()),
          Key.required(
              "hosts",
              new Many(TARGET),
              "[\"127.0.0.1:5432\"]",
              "the targets, in order of preference"),
          Key.optional(
              "database",
              new One(new Text()),
              "the name the client asked for",
              "app",
              "its name at the target"),
          Key.optional(
              "user",
              new One(new Text()),
              "the client's own name",
              "app",
              "who backends log in as"),
          Key.optional(
              "password",
              new SecretForm(),
              "none",
              "{file: /run/secrets/app}",
              "its password: {file: …}, {env: NAME} or {command: […], refresh: 10m}"),
          Key.optional(
              "auth-user",
              new One(new Text()),
              "only users can log in by password",
              "pooler_auth",
              "looks up the verifiers of clients that are not in users"),
          Key.optional(
              "auth-password",
              new SecretForm(),
              "none",
              "{file: /run/secrets/auth}",
              "the password of auth-user"),
          Key.optional(
              "auth-database",
              new One(new Text()),
              "this entry's database; postgres for \"*\"",
              "postgres",
              "where auth-user asks"),
          Key.of(
              "auth-query",
              new Text(),
              AuthQueryConfig.QUERY,
              "gives one row, name and verifier, for the user $1; search_path is pg_catalog"),
          Key.optional(
              "replication",
              new One(new Flag()),
              "true without user, false with it",
              "true",
              "whether clients may open replication connections; the server decides about the"
                  + " user"),
          Key.group("tls", CLIENT_TLS, "TLS towards the targets"),
          Key.of(
                  "route",
                  new Word(List.of("primary", "replica", "prefer-replica", "split")),
                  "primary",
                  "which targets statements go to")
              .later(List.of("primary"), List.of()),
          Key.of(
                  "retry",
                  new Word(List.of("none", "statements", "transactions")),
                  "none",
                  "what is repeated after a lost backend")
              .later(List.of("none"), List.of("statements")),
          Key.of(
              "listen-gap",
              new Word(List.of("close", "notice")),
              "close",
              "what sessions that LISTEN get when notifications may have been lost"),
          Key.of(
              "trust-functions",
              new Flag(),
              "false",
              "functions that are not known, and code behind triggers, defaults, rules and views, are"
                  + " taken to leave nothing; the server is not asked"),
          Key.group(
              "limits",
              DATABASE_LIMITS,
              "what this database may have, over all its pools; with \"*\" each of them"),
          Key.group("pool", POOL, "size and times of the pool"),
          Key.group("timeouts", TIMEOUTS, "bounds on what clients and targets may take"));

  private static final List<Key> LIMITS =
      List.of(
          Key.of("clients", new Count(1, 1_000_000), "5000", "most client connections at once")
              .atStart(),
          Key.of(
              "user-clients",
              QUOTA,
              "0",
              "most client connections of one user, over all databases; 0: unbounded"),
          Key.of(
              "user-backends",
              QUOTA,
              "0",
              "most backends of one user, over all databases; 0: unbounded"),
          Key.of(
                  "memory",
                  new Size(1L << 20, 64L << 30),
                  "64MiB",
                  "what buffered client and backend bytes may take in all")
              .atStart(),
          Key.of(
                  "session-memory",
                  new Size(1L << 20, 64L << 30),
                  "16MiB",
                  "what prepared statements, large settings, channels and waiting notifications of"
                      + " sessions may take in all; a quarter of it is one session's at most")
              .atStart(),
          Key.of(
              "drain", NEEDED_TIME, "25s", "longest time a drain waits for running transactions"));

  private static final List<Key> IO =
      List.of(
          Key.of(
              "transport",
              new Word(List.of("auto", "io_uring", "epoll", "nio")),
              "auto",
              "what moves bytes; auto is epoll, or nio where there is none"),
          Key.of(
              "event-loops",
              new Count(0, 256),
              "0",
              "threads for all of it; 0: from the number of processors"));

  private static final List<Key> USER_LIMITS =
      List.of(
          Key.optional(
              "clients",
              new One(QUOTA),
              "limits.user-clients",
              "20",
              "most client connections of this user at once; 0: unbounded"),
          Key.optional(
              "backends",
              new One(QUOTA),
              "limits.user-backends",
              "5",
              "most backends that log in as this user; 0: unbounded"));

  private static final List<Key> USER =
      List.of(
          Key.required("name", new One(new Text()), "app", "as clients name it"),
          Key.optional(
              "verifier",
              new One(new Text()),
              "a password is needed",
              "\"SCRAM-SHA-256$…\"",
              "what PostgreSQL's pg_authid keeps: SCRAM-SHA-256$… or md5…"),
          Key.optional(
              "password",
              new SecretForm(),
              "a verifier is needed",
              "{file: /run/secrets/app}",
              "the password, in place of a verifier"),
          Key.optional(
              "limits",
              new Group(USER_LIMITS),
              "those of limits",
              "{clients: 20, backends: 5}",
              "what this user may have"));

  private static final List<Key> ADMIN =
      List.of(
          Key.optional(
              "users",
              new Many(new Text()),
              "nobody",
              "[postgres]",
              "who may do everything at the console"),
          Key.optional(
              "stats-users",
              new Many(new Text()),
              "nobody",
              "[metrics]",
              "who may look there, and change nothing"),
          Key.of(
              "sockets",
              new Flag(),
              "false",
              "whether the uid pooler runs as, on a unix socket with auth peer, may do everything"));

  static final List<Key> ROOT =
      List.of(
          Key.required("listen", new Groups(LISTENER), "", "one entry for each socket").atStart(),
          Key.group("http", HTTP, "metrics and health").atStart(),
          Key.required(
              "databases",
              new Named(DATABASE),
              "app",
              "what clients may ask for; \"*\" is any other name"),
          Key.group("limits", LIMITS, "bounds of the whole process"),
          Key.group("io", IO, "event loops and their transport").atStart(),
          Key.optional(
              "users",
              new Groups(USER),
              "none",
              "",
              "who may log in at listeners that ask for a password, and limits of single users"),
          Key.optional(
              "admin",
              new Group(ADMIN),
              "no console",
              "",
              "the console: the databases \"pooler\" and \"pgbouncer\" of PostgreSQL listeners"));

  private static Key pin(String reason, String doc) {
    return Key.of(reason, new Word(List.of("pin", "refuse", "allow")), "pin", doc);
  }

  private Keys() {}
}
