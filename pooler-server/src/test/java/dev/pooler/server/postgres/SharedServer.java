package dev.pooler.server.postgres;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL for all tests of this JVM that leave it as they found it, and what is asked of it
 * directly, past pooler.
 */
final class SharedServer {
  private static @Nullable EmbeddedPostgres server;

  private SharedServer() {}

  static synchronized EmbeddedPostgres get() throws IOException {
    if (server == null) {
      server = EmbeddedPostgres.builder().setting("max_connections", "200").start();
    }
    return server;
  }

  /** A session with the server itself. */
  static RawPgClient direct() throws IOException {
    return direct(get());
  }

  static RawPgClient direct(EmbeddedPostgres server) throws IOException {
    return RawPgClient.session(UnixDomainSocketAddress.of(server.socket()), "postgres", "postgres");
  }

  /** Client backends of the server beside the one that is asked through. */
  static int backends(RawPgClient observer) throws IOException {
    return Integer.parseInt(
        String.valueOf(
            observer.value(
                "select count(*) from pg_stat_activity"
                    + " where backend_type = 'client backend' and pid <> pg_backend_pid()")));
  }

  /** Those of the server's processes that a condition holds for, beside the one asked through. */
  static String activity(RawPgClient observer, String condition) throws IOException {
    return String.valueOf(
        observer.value(
            "select coalesce(string_agg(concat_ws(' ', pid, backend_start, state, state_change,"
                + " wait_event, left(query, 60)), '; '), '') from pg_stat_activity"
                + " where pid <> pg_backend_pid() and "
                + condition));
  }

  /** A backend that sleeps does not see that its client is gone: other tests count it. */
  static void endSleepers() throws IOException {
    try (RawPgClient direct = direct()) {
      direct.query(
          "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
              + " where query like '%pg_sleep%' and pid <> pg_backend_pid()");
    }
  }

  /** Messages as text that two connections can be compared by: each with all of its body. */
  static List<String> text(List<PgMessage> messages) {
    return messages.stream()
        .map(message -> message.type() + " " + HexFormat.of().formatHex(message.body()))
        .toList();
  }
}
