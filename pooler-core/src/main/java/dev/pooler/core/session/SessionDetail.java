package dev.pooler.core.session;

import dev.pooler.core.config.PoolKey;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of a session at one moment, for the administrator: settings and statements in
 * it may be secret.
 *
 * @param user who the client logged in as; the pool's user may be another
 * @param database what the client asked for
 * @param connected when it was accepted
 * @param lastRequest when it last took or wanted a backend, to a tenth of a second; before the
 *     first, when it connected
 * @param waited how long it has waited for a backend; zero where it doesn't
 * @param cancelling a cancel request of its is on its way
 * @param transaction whether a transaction is open: the server's word (idle, in transaction, …)
 * @param settings beside the server's defaults, by name
 * @param preparedStatements names, the client's own
 * @param backend the number of the backend it has, or null
 */
public record SessionDetail(
    long id,
    PoolKey pool,
    String user,
    String database,
    Session.State state,
    WaitsFor waitsFor,
    Connection connection,
    Instant connected,
    Instant lastRequest,
    Duration waited,
    boolean cancelling,
    String transaction,
    Map<String, String> settings,
    List<String> preparedStatements,
    List<Pin> pins,
    @Nullable Long backend) {

  /** The client's socket. */
  public record Connection(
      @Nullable SocketAddress remote, @Nullable SocketAddress local, boolean tls) {}

  /** What has to happen before the session goes on. */
  public enum WaitsFor {
    /** Nothing was asked, and it has no backend. */
    NOTHING,
    /** All backends of its pool are busy, or none can be connected. */
    BACKEND,
    /** Its pool is paused. */
    RESUME,
    /** Its backend takes on the session's settings, or answers another request of pooler's own. */
    SETTINGS,
    /** The server works for it. */
    SERVER,
    /** It has a backend, and the client is silent. */
    CLIENT;

    /** The word at the console. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public SessionDetail {
    settings = Map.copyOf(settings);
    preparedStatements = List.copyOf(preparedStatements);
    pins = List.copyOf(pins);
  }
}
