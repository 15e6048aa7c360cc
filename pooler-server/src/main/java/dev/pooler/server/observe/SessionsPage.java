package dev.pooler.server.observe;

import dev.pooler.core.session.Pin;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.core.session.SessionReport;
import dev.pooler.server.json.Json;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Sessions as JSON: {@code /sessions}, {@code /sessions/n}, {@code /pins} and {@code SHOW SESSION
 * n}. Settings and statements are in it, so it is for administrators. docs/operations.md has a line
 * for each key.
 */
public final class SessionsPage {
  private SessionsPage() {}

  /** All of these, in short. */
  public static String sessions(List<SessionDetail> sessions) {
    return Json.pretty(sessions.stream().map(SessionsPage::describe).toList());
  }

  /** One of them, with its whole state. */
  public static String session(SessionReport report) {
    Map<String, @Nullable Object> page = describe(report.summary());
    page.put("mode", report.mode().word());
    page.put("phase", report.phase());
    page.put("draining", report.draining());
    page.put("process-id", report.processId());
    page.put("queue", queue(report.queue()));
    page.put("statement", statement(report.statement(), Instant.now()));
    page.put("server", server(report.server()));
    page.put("settings", new TreeMap<>(report.settings()));
    page.put("settings-count", report.settingsCount());
    page.put("in-doubt", report.unsettled());
    page.put("statements", report.statements().stream().map(SessionsPage::prepared).toList());
    page.put("unnamed-statement", report.unnamed() == null ? null : prepared(report.unnamed()));
    page.put("prepared-by-text", report.preparedByText());
    page.put("listens", listens(report.listens()));
    page.put("memory", memory(report.memory()));
    return Json.pretty(page);
  }

  private static @Nullable Object queue(SessionReport.@Nullable Queue queue) {
    if (queue == null) {
      return null;
    }
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("ahead", queue.ahead());
    page.put("waiting", queue.waiting());
    page.put("longest-ms", queue.longest().toMillis());
    return page;
  }

  private static @Nullable Object statement(
      SessionReport.@Nullable Statement statement, Instant now) {
    if (statement == null) {
      return null;
    }
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("text", statement.text());
    page.put("progress", statement.progress().label());
    page.put("since", statement.since().toString());
    page.put("ms", Math.max(0, Duration.between(statement.since(), now).toMillis()));
    page.put("open", statement.asked());
    return page;
  }

  private static @Nullable Object server(SessionReport.@Nullable Server server) {
    if (server == null) {
      return null;
    }
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("process-id", server.processId());
    page.put("address", server.remote() == null ? null : address(server.remote()));
    page.put("tls", server.tls());
    page.put("connected", server.connected().toString());
    page.put("prepared-statements", server.preparedStatements());
    return page;
  }

  private static Map<String, @Nullable Object> prepared(SessionReport.Prepared statement) {
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("name", statement.name());
    page.put("text", statement.text());
    page.put("shared", statement.shared());
    page.put("parameter-types", statement.parameterTypes());
    return page;
  }

  private static @Nullable Object listens(SessionReport.@Nullable Listens listens) {
    if (listens == null) {
      return null;
    }
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("place", listens.place());
    page.put("count", listens.count());
    page.put("channels", listens.channels());
    return page;
  }

  private static Map<String, @Nullable Object> memory(SessionReport.Memory memory) {
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("kept", memory.kept());
    page.put("most-kept", memory.mostKept());
    page.put("held", memory.held());
    page.put("notifications", memory.notifications());
    return page;
  }

  /** One entry a pin. */
  public static String pins(List<SessionDetail> sessions) {
    List<Object> all = new ArrayList<>();
    for (SessionDetail session : sessions) {
      for (Pin pin : session.pins()) {
        Map<String, @Nullable Object> page = new LinkedHashMap<>();
        page.put("session", session.id());
        page.put("user", session.user());
        page.put("database", session.database());
        page.putAll(describe(pin));
        page.put("backend", session.backend());
        all.add(page);
      }
    }
    return Json.pretty(all);
  }

  private static Map<String, @Nullable Object> describe(SessionDetail session) {
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("id", session.id());
    page.put("user", session.user());
    page.put("database", session.database());
    page.put("application", session.application());
    page.put("pool", session.pool().toString());
    page.put("state", word(session.state()));
    page.put("waits-for", session.waitsFor().label());
    page.put("waited-ms", session.waited().toMillis());
    page.put("transaction", session.transaction());
    page.put("backend", session.backend());
    page.put("cancelling", session.cancelling());
    page.put("connected", session.connected().toString());
    page.put("last-request", session.lastRequest().toString());
    page.put("client", address(session.connection().remote()));
    page.put("tls", session.connection().tls());
    page.put("prepared-statements", session.preparedStatements());
    page.put("pins", session.pins().stream().map(SessionsPage::describe).toList());
    return page;
  }

  private static Map<String, @Nullable Object> describe(Pin pin) {
    Map<String, @Nullable Object> page = new LinkedHashMap<>();
    page.put("reason", pin.reason());
    page.put("since", pin.since().toString());
    page.put("statement", pin.statement());
    return page;
  }

  private static String word(Session.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  private static String address(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
        : "unix";
  }
}
