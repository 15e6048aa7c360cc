package dev.pooler.server.observe;

import dev.pooler.core.session.Pin;
import dev.pooler.core.session.Session;
import dev.pooler.core.session.SessionDetail;
import dev.pooler.server.json.Json;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Sessions as JSON: {@code /sessions}, {@code /pins} and {@code SHOW SESSION n}. Settings and
 * statements are in it, so it is for administrators.
 */
public final class SessionsPage {
  private SessionsPage() {}

  /** All of these, each with its whole state. */
  public static String sessions(List<SessionDetail> sessions) {
    return Json.pretty(sessions.stream().map(SessionsPage::describe).toList());
  }

  /** One of them. */
  public static String session(SessionDetail session) {
    return Json.pretty(describe(session));
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
    page.put("settings", new TreeMap<>(session.settings()));
    Map<String, Object> prepared = new LinkedHashMap<>();
    prepared.put("count", session.preparedStatements().size());
    prepared.put("names", session.preparedStatements());
    page.put("prepared-statements", prepared);
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
