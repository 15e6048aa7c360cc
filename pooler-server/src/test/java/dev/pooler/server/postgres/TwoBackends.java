package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pooler in transaction mode with two backends, {@link NoisyNeighbours} on them, and the means to
 * put a session on the one and on the other: whoever holds a backend in a transaction leaves
 * everybody else the other one. In a database of its own; the caller closes it. One thread, beside
 * the neighbours'.
 */
final class TwoBackends implements AutoCloseable {
  static final String DATABASE = "rotation";

  static final String NOISY_ROLE = "rotation_noisy";

  static final String QUIET_ROLE = "rotation_quiet";

  /** The backend's own process id, whatever a pooler does with a bare pg_backend_pid(). */
  static final String WHO =
      "select pid from pg_catalog.pg_stat_activity where pid = pg_catalog.pg_backend_pid()";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final String SCHEMA =
      """
      create schema hostile;
      create schema mine;
      create table public.item (which text);
      create table hostile.item (which text);
      create table mine.item (which text);
      insert into public.item values ('public');
      insert into hostile.item values ('hostile');
      insert into mine.item values ('mine');
      create table public.scratch (i int);
      create table public.copied (i int, t text);
      create table public.marked (i int);
      create sequence public.numbers;
      grant usage on schema public, hostile, mine to public;
      grant select on public.item, hostile.item, mine.item to public;
      create function public.paint(v text) returns text language plpgsql as $$
        begin perform set_config('app.paint', v, false);
              perform set_config('work_mem', '9MB', false); return v; end $$;
      create function public.mark() returns trigger language plpgsql as $$
        begin perform set_config('app.mark', new.i::text, false); return new; end $$;
      create trigger mark before insert on public.marked
        for each row execute function public.mark()
      """;

  private final PoolerFixture pooler;
  private final RawPgClient admin;
  private final NoisyNeighbours neighbours;
  private final List<RawPgClient> opened = new ArrayList<>();
  private final RawPgClient first;
  private final RawPgClient second;

  /** What a session does; whole, with no transaction open behind it. */
  @FunctionalInterface
  interface Steps {
    void run() throws Exception;
  }

  private TwoBackends() throws IOException {
    try (RawPgClient direct = SharedServer.direct()) {
      run(direct, "drop database if exists " + DATABASE + " with (force)");
      run(direct, "drop role if exists " + NOISY_ROLE + "; drop role if exists " + QUIET_ROLE);
      run(direct, "create role " + NOISY_ROLE + "; create role " + QUIET_ROLE);
      run(direct, "create database " + DATABASE);
    }
    admin = direct();
    run(admin, SCHEMA);
    pooler =
        PoolerFixture.start(
            SharedServer.get(),
            """
            databases:
              rotation:
                hosts: ["unix:${PG}"]
                user: postgres
                pool: {size: 2, min-idle: 0, max-wait: 60s, prepared-statements: 20}
            """);
    first = session();
    second = session();
    neighbours = new NoisyNeighbours(this);
  }

  static TwoBackends start() throws IOException {
    return new TwoBackends();
  }

  /** A session with the server itself: an administrator's view of the backends from outside. */
  RawPgClient admin() {
    return admin;
  }

  PoolerFixture pooler() {
    return pooler;
  }

  /** Sessions and backends, for the message of a failure. */
  String everything() {
    try (RawPgClient direct = direct()) {
      return SharedServer.activity(direct, "datname = '" + DATABASE + "'")
          + pooler.get("/pools").body()
          + pooler.get("/sessions").body();
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Another of those, the caller's to close. */
  static RawPgClient direct() throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(SharedServer.get().socket());
    return RawPgClient.session(address, "postgres", DATABASE).timeout(PATIENCE);
  }

  /** A session through pooler, with parameters of its start-up as names and values. */
  RawPgClient session(String... startup) throws IOException {
    RawPgClient client = connect();
    client.login(startup(startup));
    return client;
  }

  /** Not logged in yet; closed with this. */
  RawPgClient connect() throws IOException {
    RawPgClient client = pooler.raw().timeout(PATIENCE);
    synchronized (opened) {
      opened.add(client);
    }
    return client;
  }

  static Map<String, String> startup(String... more) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("user", "postgres");
    all.put("database", DATABASE);
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  static String who(RawPgClient session) throws IOException {
    return String.valueOf(session.value(WHO));
  }

  /** With what everybody does if nothing comes. */
  private void run(Steps steps) throws Exception {
    try {
      steps.run();
    } catch (SocketTimeoutException e) {
      throw new AssertionError(e.getMessage() + ": " + everything(), e);
    }
  }

  /** Runs the steps on one backend and on the other, and proves that there were two. */
  void onBoth(RawPgClient session, Steps steps) throws Exception {
    onBoth(() -> who(session), steps);
  }

  /** The same where asking must not be a simple query of the session. */
  void onBoth(Who where, Steps steps) throws Exception {
    String taken = hold(first);
    neighbours.letPass();
    run(steps);
    String here = where.pid();
    assertNotEquals(taken, here, "another session's transaction runs there");
    String alsoTaken = hold(second);
    assertNotEquals(taken, alsoTaken, "two backends are held");
    done(first);
    neighbours.letPass();
    run(steps);
    String there = where.pid();
    assertNotEquals(alsoTaken, there, "another session's transaction runs there");
    assertNotEquals(here, there, "the session has moved");
    done(second);
    neighbours.assertWell();
  }

  /** The process that a session is on. */
  @FunctionalInterface
  interface Who {
    String pid() throws Exception;
  }

  /** A transaction that is seen from outside, on the backend with the id that is returned. */
  private String hold(RawPgClient holder) throws IOException {
    assertEquals("CZ", types(holder.query("begin")));
    String pid = who(holder);
    assertEquals(
        "idle in transaction|client backend",
        admin.value(
            "select concat_ws('|', state, backend_type) from pg_stat_activity where pid = " + pid));
    return pid;
  }

  private static void done(RawPgClient holder) throws IOException {
    assertEquals("CZ", types(holder.query("commit")));
  }

  /** Runs the steps three times while the session keeps one backend, and neighbours go by. */
  void whilePinned(RawPgClient session, Steps steps) throws Exception {
    String here = who(session);
    for (int i = 0; i < 3; i++) {
      run(steps);
      neighbours.letPass();
      assertEquals(here, who(session), "what can't move stays");
    }
    neighbours.assertWell();
  }

  /** On both backends if the session can move, where it is if this statement of it pins. */
  void whereItMayBe(RawPgClient session, String statement, Steps steps) throws Exception {
    neighbours.letPass(); // what the statement left is known by the next one's time
    session.value("select 1");
    if (pooler.get("/pins").body().contains(statement)) {
      whilePinned(session, steps);
    } else {
      onBoth(session, steps);
    }
  }

  /** Fails if a neighbour has found something wrong. */
  void assertNeighboursAreWell() {
    neighbours.assertWell();
  }

  /** The types of messages that answer: without what a server or pooler may say at any time. */
  static String types(List<PgMessage> messages) {
    return RawPgClient.types(messages).replaceAll("[NSA]", "");
  }

  /** The SQLSTATE of the first error among messages, or "none". */
  static String error(List<PgMessage> messages) {
    return messages.stream()
        .filter(PgMessage::isError)
        .findFirst()
        .map(PgMessage::sqlState)
        .orElse("none");
  }

  /** The first column of the first row; fails on an error or without a row. */
  static String value(List<PgMessage> messages) {
    assertEquals("none", error(messages), messages.toString());
    return String.valueOf(RawPgClient.rows(messages).findFirst().orElseThrow().getFirst());
  }

  /** Executes a prepared statement in a batch of its own. */
  static List<PgMessage> execute(RawPgClient client, String name, String... values)
      throws IOException {
    return client
        .send(PgBytes.bind("", name, values), PgBytes.execute("", 0), PgBytes.sync())
        .readUntil('Z');
  }

  static List<PgMessage> prepare(RawPgClient client, String name, String sql) throws IOException {
    return client.send(PgBytes.parse(name, sql), PgBytes.sync()).readUntil('Z');
  }

  /** Without an error. */
  static List<PgMessage> run(RawPgClient client, String sql) throws IOException {
    List<PgMessage> answer = client.query(sql);
    assertEquals("none", error(answer), () -> sql + ": " + answer);
    return answer;
  }

  @Override
  public void close() throws IOException {
    try {
      neighbours.close();
    } finally {
      synchronized (opened) {
        for (RawPgClient client : opened) {
          client.close();
        }
      }
      pooler.close();
      admin.close();
      try (RawPgClient direct = SharedServer.direct()) {
        direct.query("drop database if exists " + DATABASE + " with (force)");
        direct.query("drop role if exists " + NOISY_ROLE + "; drop role if exists " + QUIET_ROLE);
      }
    }
  }
}
