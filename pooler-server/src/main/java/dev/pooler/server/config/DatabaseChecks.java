package dev.pooler.server.config;

import dev.pooler.core.config.AuthQueryConfig;
import dev.pooler.core.config.TcpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What contradicts itself within one database's entry. */
final class DatabaseChecks {
  private final Section database;
  private final Findings findings;

  private DatabaseChecks(Section database, Findings findings) {
    this.database = database;
    this.findings = findings;
  }

  /**
   * @param listening our own addresses, each with its key's path
   */
  static void check(Section database, Map<String, String> listening, Findings findings) {
    DatabaseChecks checks = new DatabaseChecks(database, findings);
    checks.hosts(listening);
    checks.credentials();
    checks.authQuery();
    Section tls = database.find("tls", Section.class);
    if (tls != null) {
      checks.tls(tls);
    }
    Section pool = database.find("pool", Section.class);
    if (pool != null) {
      checks.pool(pool);
      checks.limits(pool);
      checks.pins(pool);
    }
  }

  private void hosts(Map<String, String> listening) {
    List<?> hosts = database.find("hosts", List.class);
    if (hosts == null) {
      return;
    }
    for (Object host : hosts) {
      String ours = listening.get(host.toString());
      if (ours != null) {
        findings.error(database, "hosts", host + " is our own " + ours);
      }
    }
  }

  /**
   * One password for whichever user a client names would open other users' accounts that happen to
   * share it.
   */
  private void credentials() {
    if (database.isWritten("password") && !database.isWritten("user")) {
      findings.error(
          database,
          "password",
          "needs user: without it the password would be sent for any user a client names");
    }
  }

  private void authQuery() {
    String query = database.find("auth-query", String.class);
    // The effective configuration is a file too, and has the default written out.
    boolean ownQuery = query != null && !query.equals(AuthQueryConfig.QUERY);
    for (String key : List.of("auth-password", "auth-database", "auth-query")) {
      boolean says = key.equals("auth-query") ? ownQuery : database.isWritten(key);
      if (says && !database.isWritten("auth-user")) {
        findings.error(database, key, "needs auth-user, who asks");
      }
    }
    if (query == null) {
      return;
    }
    if (!query.contains("$1")) {
      findings.error(database, "auth-query", "has no $1, the name of the user to look up");
    }
    String words = query.toLowerCase(Locale.ROOT);
    boolean catalog = words.contains("pg_shadow") || words.contains("pg_authid");
    if (catalog && !words.contains("valuntil") && !words.contains("rolvaliduntil")) {
      findings.warn(
          database,
          "auth-query",
          "does not look at VALID UNTIL: users are let in after their password has expired");
    }
  }

  private void tls(Section tls) {
    String mode = tls.find("mode", String.class);
    boolean verifies = mode == null || mode.startsWith("verify");
    if (!verifies && tls.isWritten("ca")) {
      findings.error(
          tls, "ca", "is not looked at with mode " + mode + "; use verify-ca or verify-full");
    }
    boolean insists = mode == null || verifies || mode.equals("require");
    if ("direct".equals(tls.find("negotiation", String.class)) && !insists) {
      findings.error(
          tls, "negotiation", "direct has no way back to the clear: mode require or verify-…");
    }
    if ("require".equals(tls.find("channel-binding", String.class)) && !insists) {
      findings.error(tls, "channel-binding", "require needs TLS: mode require or verify-…");
    }
    if (tls.isWritten("cert") != tls.isWritten("key")) {
      findings.error(tls, tls.isWritten("cert") ? "cert" : "key", "cert and key need each other");
    }
    List<?> hosts = database.find("hosts", List.class);
    boolean anyTcp = hosts == null || hosts.stream().anyMatch(TcpAddress.class::isInstance);
    if (tls.isWritten("mode") && !anyTcp && !"disable".equals(mode) && !"prefer".equals(mode)) {
      findings.warn(tls, "mode", "is not used: all hosts are unix sockets");
    }
  }

  /**
   * HikariCP 7.1.0 (HikariConfig.validateNumerics) takes these back with a warning: here they are
   * errors.
   */
  private void pool(Section pool) {
    Integer size = pool.find("size", Integer.class);
    Integer minIdle = pool.find("min-idle", Integer.class);
    Duration lifetime = positive(pool, "max-lifetime");
    Duration idle = positive(pool, "idle-timeout");
    Duration keepalive = positive(pool, "keepalive");
    if (size != null && minIdle != null && minIdle > size) {
      findings.error(pool, "min-idle", minIdle + " is more than size, " + size);
    }
    if (lifetime == null) {
      return;
    }
    String age = Quantity.text(lifetime);
    if (keepalive != null && keepalive.compareTo(lifetime) >= 0) {
      findings.error(
          pool, blamed(pool, "keepalive"), "keepalive is not shorter than max-lifetime, " + age);
    }
    boolean shrinks = size == null || minIdle == null || minIdle < size;
    if (idle != null && shrinks && idle.plusSeconds(1).compareTo(lifetime) > 0) {
      findings.error(
          pool,
          blamed(pool, "idle-timeout"),
          "idle-timeout is not at least 1s shorter than max-lifetime, " + age);
    }
  }

  private void limits(Section pool) {
    Section limits = database.find("limits", Section.class);
    Integer most = limits == null ? null : limits.find("backends", Integer.class);
    Integer minIdle = pool.find("min-idle", Integer.class);
    if (limits != null && most != null && most > 0 && minIdle != null && minIdle > most) {
      findings.error(limits, "backends", most + " is less than pool.min-idle, " + minIdle);
    }
  }

  private void pins(Section pool) {
    boolean written = pool.isWritten("pins") || pool.isWritten("pin-notice");
    if (written && "session".equals(pool.find("mode", String.class))) {
      String key = pool.isWritten("pins") ? "pins" : "pin-notice";
      findings.warn(pool, key, "is not looked at with mode session: no session is pinned there");
    }
  }

  /** The key the user wrote, of the two that contradict each other. */
  private static String blamed(Section pool, String key) {
    return pool.isWritten(key) ? key : "max-lifetime";
  }

  private static @Nullable Duration positive(Section pool, String key) {
    Duration duration = pool.find(key, Duration.class);
    return duration == null || duration.isZero() ? null : duration;
  }
}
