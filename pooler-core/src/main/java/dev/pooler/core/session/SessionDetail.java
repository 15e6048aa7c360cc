package dev.pooler.core.session;

import dev.pooler.core.config.PoolKey;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A session at one moment, for the administrator, as far as it costs next to nothing to tell: there
 * may be thousands. {@link SessionReport} is the whole of one.
 *
 * @param user who the client logged in as; the pool's user may be another
 * @param database what the client asked for
 * @param application what it calls itself, or empty
 * @param connected when it was accepted
 * @param lastRequest when it last took or wanted a backend, to a tenth of a second; before the
 *     first, when it connected
 * @param waited how long it has waited for a backend; zero where it doesn't
 * @param cancelling a cancel request of its is on its way
 * @param transaction whether a transaction is open: the server's word (idle, in transaction, …)
 * @param preparedStatements how many names its client has given
 * @param backend the number of the backend it has, or null
 */
public record SessionDetail(
    long id,
    PoolKey pool,
    String user,
    String database,
    String application,
    Session.State state,
    WaitsFor waitsFor,
    Connection connection,
    Instant connected,
    Instant lastRequest,
    Duration waited,
    boolean cancelling,
    String transaction,
    int preparedStatements,
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
    /** Its backend takes on the session's settings, or is made clean. */
    SETTINGS,
    /** The server tells what the session has left on its backend. */
    QUESTION,
    /** What it listens to moves between its backend and the pool's shared listener. */
    CHANNELS,
    /** A cancel that is on its way must not hit what comes next. */
    CANCEL,
    /** The server works for it. */
    SERVER,
    /** It has a backend, and the client is silent, or has not sent all of what it began. */
    CLIENT,
    /** The client does not read what the server has said. */
    CLIENT_READS;

    /** The word at the console. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  public SessionDetail {
    pins = List.copyOf(pins);
  }
}
