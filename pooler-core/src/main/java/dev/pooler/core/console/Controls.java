package dev.pooler.core.console;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SqlFailure;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The commands that change something, with PgBouncer's meanings: PAUSE returns when no backend is
 * open any more, KILL ends sessions at once and leaves the database paused, RECONNECT replaces
 * backends as their leases end. Blocks; on threads that may.
 */
final class Controls {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(10);
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final Operations server;
  private final Pauses pauses;

  Controls(Operations server, Pauses pauses) {
    this.server = server;
    this.pauses = pauses;
  }

  Answer run(Command.Control command) {
    String database = command.database();
    if (database != null && Console.isName(database)) {
      return failed("42501", "the console has no backends: " + database);
    }
    if (database != null && !known(database)) {
      return failed("3D000", "no such database: " + database);
    }
    return switch (command.verb()) {
      case PAUSE -> pause(database);
      case RESUME -> resume(database);
      case RECONNECT -> reconnect(database);
      case KILL -> kill(database);
    };
  }

  private boolean known(String database) {
    PoolerConfig config = server.config();
    DatabaseConfig entry = config.database(database);
    return (entry != null && !database.equals(DatabaseConfig.ANY))
        || pauses.named(database)
        || !pools(database).isEmpty();
  }

  private Answer pause(@Nullable String database) {
    if (server.draining()) {
      return failed("57P01", "pooler is shutting down");
    }
    if (pauses.all()) {
      return failed("55000", "already paused");
    }
    pauses.begin(database);
    pools(database).forEach(ConsolePool::pause);
    while (!atRest(database)) {
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
      if (!covered(database)) {
        return failed("55000", "the pause was ended by RESUME before all backends were closed");
      }
    }
    return Answer.done();
  }

  private boolean covered(@Nullable String database) {
    return database == null ? pauses.all() : pauses.covers(database);
  }

  private boolean atRest(@Nullable String database) {
    return pools(database).stream().allMatch(ConsolePool::atRest);
  }

  private Answer resume(@Nullable String database) {
    if (server.draining()) {
      return failed("57P01", "pooler is shutting down");
    }
    if (database == null ? !pauses.all() : !pauses.named(database)) {
      SqlFailure failure =
          SqlFailure.error(
              "55000",
              1105,
              database == null
                  ? "pooler is not paused"
                  : "database " + database + " is not paused");
      return new Answer.Failed(
          pauses.names().isEmpty()
              ? failure
              : failure.withHint("Paused by name: " + String.join(", ", pauses.names()) + "."));
    }
    pauses.end(database);
    for (ConsolePool pool : pools(database)) {
      if (!pauses.covers(pool.pool().key().name())) {
        pool.resume();
      }
    }
    return Answer.done();
  }

  private Answer reconnect(@Nullable String database) {
    pools(database).forEach(ConsolePool::reconnect);
    server.forgetServers();
    return Answer.done();
  }

  private Answer kill(@Nullable String database) {
    if (pauses.all()) {
      return failed("55000", "already paused");
    }
    Collection<? extends ConsolePool> pools = pools(database);
    if (database == null) {
      pools.forEach(pool -> pauses.begin(pool.pool().key().name()));
    } else {
      pauses.begin(database);
    }
    pools.forEach(ConsolePool::pause);
    List<Session> sessions =
        server.sessions().all().stream()
            .filter(session -> database == null || session.pool().name().equals(database))
            .toList();
    sessions.forEach(Controls::end);
    awaitGone(sessions);
    return Answer.done();
  }

  Answer killClient(long id) {
    for (Session session : server.sessions().all()) {
      if (session.id() == id) {
        end(session);
        awaitGone(List.of(session));
        return Answer.done();
      }
    }
    return failed("42704", "client not found: " + id);
  }

  private static void end(Session session) {
    session.close(CloseReason.KILLED, SqlFailure.killed());
  }

  /** Sessions end on their loops: the next SHOW CLIENTS shall not show them. */
  private void awaitGone(List<Session> sessions) {
    long until = System.nanoTime() + LAST_WORDS.toNanos();
    while (sessions.stream().anyMatch(server.sessions().all()::contains)
        && System.nanoTime() - until < 0) {
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
  }

  Answer reload() {
    List<String> problems = server.reload();
    if (problems.isEmpty()) {
      return Answer.done();
    }
    // PgBouncer 1.25's code, config_file_error; its text sends people to the log.
    return new Answer.Failed(
        SqlFailure.error("F0000", 1105, "RELOAD failed: " + problems.getFirst())
            .withDetail(String.join("\n", problems))
            .withHint("The old configuration is still in use."));
  }

  /** The pools of this database, or all. */
  private List<? extends ConsolePool> pools(@Nullable String database) {
    return server.pools().stream()
        .filter(pool -> database == null || pool.pool().key().name().equals(database))
        .toList();
  }

  private static Answer failed(String sqlState, String message) {
    return Answer.failed(sqlState, message);
  }
}
