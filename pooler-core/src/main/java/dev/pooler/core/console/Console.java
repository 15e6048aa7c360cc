package dev.pooler.core.console;

import static dev.pooler.core.console.PoolRows.row;

import dev.pooler.core.config.AdminConfig;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The administrator's console: what a client of the database {@code pooler} or {@code pgbouncer}
 * says is answered here, and never leads to a backend. Thread-safe.
 */
public final class Console {
  private static final Logger LOG = LoggerFactory.getLogger(Console.class);

  /** Its own name. */
  public static final String NAME = "pooler";

  /** The second one, because scripts and exporters know it. */
  private static final Set<String> NAMES = Set.of(NAME, "pgbouncer");

  private static final String USAGE =
      """

      \tSHOW POOLS|CLIENTS|SERVERS|DATABASES|USERS|LISTS|STATE
      \tSHOW STATS|STATS_TOTALS|STATS_AVERAGES
      \tSHOW PINS
      \tSHOW SESSION <id>
      \tSHOW CONFIG|MEM|VERSION|HELP
      \tPAUSE [<database>]
      \tRESUME [<database>]
      \tRECONNECT [<database>]
      \tKILL [<database>]
      \tKILL_CLIENT <id>
      \tRELOAD\
      """;

  private final Operations server;
  private final Controls controls;
  private final PoolRows pools;
  private final SocketRows sockets;
  private final StatsRows stats;

  /**
   * @param pauses what new pools look at too
   */
  public Console(Operations server, Pauses pauses) {
    this.server = server;
    this.controls = new Controls(server, pauses);
    this.pools = new PoolRows(server, pauses);
    this.sockets = new SocketRows(server);
    this.stats = new StatsRows(server, System::nanoTime);
  }

  /** Whether it is one of the console's names. */
  public static boolean isName(String database) {
    return NAMES.contains(database);
  }

  /** Whether clients that ask for this database come here. Any thread; never blocks. */
  public boolean answersTo(String database) {
    return isName(database) && server.config().admin().enabled();
  }

  /**
   * What a client may do here, after its login. Any thread; never blocks.
   *
   * @param ownUid a Unix socket's peer authentication found our own uid at its other end
   * @return null: nothing
   */
  public @Nullable Rights rights(String user, boolean ownUid) {
    AdminConfig admin = server.config().admin();
    if (admin.users().contains(user) || (ownUid && admin.sockets())) {
      return Rights.ADMIN;
    }
    return admin.statsUsers().contains(user) ? Rights.STATS : null;
  }

  /** What a client without rights is told. */
  public static SqlFailure refusal(String user) {
    return SqlFailure.fatal("42501", 1227, "user \"" + user + "\" may not use the console")
        .withHint("See admin.users, admin.stats-users and admin.sockets in pooler's file.");
  }

  /** Product and version. */
  public String version() {
    return server.version();
  }

  /** To be called once a minute: averages are over the last one or two. */
  public void nextStatsPeriod() {
    stats.nextPeriod();
  }

  /**
   * Does what was said. Blocks, with PAUSE for as long as transactions take.
   *
   * @param who for the log
   */
  public Answer run(Command command, Rights rights, String who) {
    if (rights != Rights.ADMIN && needsAdmin(command)) {
      return new Answer.Failed(
          SqlFailure.error("42501", 1227, "permission denied: " + what(command))
              .withHint("Users of admin.stats-users may only look; see admin.users."));
    }
    return switch (command) {
      case Command.Show show -> new Answer.Rows(rows(show.table()));
      case Command.ShowSession session -> session(session.id());
      case Command.ShowSetting setting -> new Answer.Rows(List.of(row(setting.value())));
      case Command.Constant constant -> new Answer.Rows(List.of(row(constant.value())));
      case Command.Help help -> new Answer.Done(new Answer.Notice("Console usage", USAGE));
      case Command.Quiet(String tag, Command.Block block, @Nullable String notice) ->
          new Answer.Done(notice == null ? null : new Answer.Notice(notice, null));
      case Command.Empty empty -> Answer.done();
      case Command.Control control -> logged(controls.run(control), what(control), who);
      case Command.KillClient kill -> logged(controls.killClient(kill.id()), what(kill), who);
      case Command.Reload reload -> logged(controls.reload(), "RELOAD", who);
    };
  }

  private static boolean needsAdmin(Command command) {
    return switch (command) {
      case Command.Show show -> show.table().confidential();
      case Command.ShowSession session -> true;
      case Command.Control control -> true;
      case Command.KillClient kill -> true;
      case Command.Reload reload -> true;
      case Command.ShowSetting setting -> false;
      case Command.Constant constant -> false;
      case Command.Help help -> false;
      case Command.Quiet quiet -> false;
      case Command.Empty empty -> false;
    };
  }

  private static String what(Command command) {
    return switch (command) {
      case Command.Control control ->
          control.verb() + (control.database() == null ? "" : " " + control.database());
      case Command.KillClient kill -> "KILL_CLIENT " + kill.id();
      case Command.Show show -> "SHOW " + show.table();
      default -> command.tag();
    };
  }

  private static Answer logged(Answer answer, String what, String who) {
    if (answer instanceof Answer.Failed failed) {
      LOG.warn("console: {} by {} failed: {}", what, who, failed.failure().message());
    } else {
      LOG.info("console: {} by {}", what, who);
    }
    return answer;
  }

  private List<List<@Nullable Object>> rows(Table table) {
    return switch (table) {
      case CLIENTS -> sockets.clients();
      case CONFIG -> pools.config();
      case DATABASES -> pools.databases();
      case LISTS -> pools.lists();
      case MEM -> memory();
      case PINS -> sockets.pins(Instant.now());
      case POOLS -> pools.pools();
      case SERVERS -> sockets.servers();
      case STATE -> pools.state();
      case STATS -> stats.both();
      case STATS_AVERAGES -> stats.averagesOnly();
      case STATS_TOTALS -> stats.totalsOnly();
      case USERS -> pools.users();
      case VERSION -> List.of(row(server.version()));
    };
  }

  /** PgBouncer shows its slabs; ours are the budgets that the configuration has. */
  private List<List<@Nullable Object>> memory() {
    int clients = server.limits().openSessions();
    int most = server.limits().clients();
    int held = (int) Math.min(Integer.MAX_VALUE, server.limits().heldBytes());
    int budget = (int) Math.min(Integer.MAX_VALUE, server.config().limits().memoryBytes());
    int kept = (int) Math.min(Integer.MAX_VALUE, server.limits().kept().used());
    int keeps = (int) Math.min(Integer.MAX_VALUE, server.limits().kept().most());
    return List.of(
        row("clients", 0, clients, most - clients, 0),
        row("held_bytes", 1, held, budget - held, budget),
        row("kept_bytes", 1, kept, keeps - kept, keeps));
  }

  private Answer session(long id) {
    SessionReport told = Portraits.whole(server.sessions().find(id));
    return told == null
        ? Answer.failed("42704", "client not found: " + id)
        : new Answer.Rows(List.of(row(server.json(told))));
  }
}
