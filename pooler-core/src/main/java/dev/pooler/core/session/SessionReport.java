package dev.pooler.core.session;

import dev.pooler.core.config.PoolMode;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of a session at one moment, for the administrator. Texts are cut, string
 * constants in them and values of custom settings are masked; of what may be any number the first
 * {@link #MOST} are here.
 *
 * @param phase where the session stands, in the word of its protocol's state machine
 * @param mode when its leases end
 * @param draining it ends with its transaction
 * @param processId what the client believes to be its server process
 * @param queue who waits with it; null where it does not wait for a backend
 * @param statement what it asked last; null before the first
 * @param server the backend that it has
 * @param settings that differ from the server's defaults, as far as is known here
 * @param settingsCount how many there are
 * @param unsettled it may have left something that the server is yet to be asked about
 * @param statements that its client has prepared by name
 * @param unnamed the statement without a name that is kept for it
 * @param preparedByText names of those that SQL text has prepared, which are on its backend alone
 * @param listens what it listens to; null: to nothing that is known here
 */
public record SessionReport(
    SessionDetail summary,
    String phase,
    PoolMode mode,
    boolean draining,
    int processId,
    @Nullable Queue queue,
    @Nullable Statement statement,
    @Nullable Server server,
    Map<String, String> settings,
    int settingsCount,
    boolean unsettled,
    List<Prepared> statements,
    @Nullable Prepared unnamed,
    List<String> preparedByText,
    @Nullable Listens listens,
    Memory memory) {

  /** So many of each kind are told. */
  public static final int MOST = 100;

  /**
   * The sessions that wait for backends of the pool.
   *
   * @param ahead those in front of it, on its event loop
   * @param waiting all of them
   * @param longest how long the first has waited
   */
  public record Queue(int ahead, int waiting, Duration longest) {}

  /**
   * What the client asked last.
   *
   * @param text its beginning; null where it is not known here
   * @param since when it was asked, or answered; to a tenth of a second
   * @param asked how many statements the pipeline has whose answers are not all here; this is the
   *     last of them
   */
  public record Statement(@Nullable String text, Progress progress, Instant since, int asked) {}

  /** How far a statement has come. */
  public enum Progress {
    /** It waits for a backend, or for the backend to be ready. */
    WAITS,
    RUNS,
    ANSWERED;

    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The backend of a session.
   *
   * @param processId the server's own number of it
   * @param preparedStatements how many it has, other sessions' too
   */
  public record Server(
      int processId,
      @Nullable SocketAddress remote,
      boolean tls,
      Instant connected,
      int preparedStatements) {}

  /**
   * A prepared statement.
   *
   * @param name the client's
   * @param text its beginning; null where only the backend has it
   * @param shared whether other sessions that prepare the same text have the same statement
   * @param parameterTypes what its Parse said, as the server numbers types; 0: left to the server
   */
  public record Prepared(
      String name, @Nullable String text, boolean shared, List<Integer> parameterTypes) {
    public Prepared {
      parameterTypes = List.copyOf(parameterTypes);
    }
  }

  /**
   * What a session listens to.
   *
   * @param place who listens for it: the pool's shared listener, its backend, or neither while the
   *     channels move
   * @param channels their names; empty where only the backend knows them
   * @param count how many there are; 0 where only the backend knows them
   */
  public record Listens(String place, List<String> channels, int count) {
    public Listens {
      channels = List.copyOf(channels);
    }
  }

  /**
   * Bytes that are kept for a session.
   *
   * @param kept what outlives its transactions: prepared statements, large settings, channels; of
   *     limits.session-memory
   * @param mostKept what one session may have of it
   * @param held what its client has sent and no backend could take yet; of limits.memory
   * @param notifications what waits for a client that is not between two transactions, or does not
   *     read; of limits.session-memory
   */
  public record Memory(long kept, long mostKept, long held, long notifications) {}

  public SessionReport {
    settings = Map.copyOf(settings);
    statements = List.copyOf(statements);
    preparedByText = List.copyOf(preparedByText);
  }
}
