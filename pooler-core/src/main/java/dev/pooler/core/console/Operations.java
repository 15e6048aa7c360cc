package dev.pooler.core.console;

import dev.pooler.core.config.PoolerConfig;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.session.SessionReport;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the console asks of the server that it belongs to. Any thread but an event loop. */
public interface Operations {
  /** What is in use. */
  PoolerConfig config();

  /**
   * A row of SHOW CONFIG.
   *
   * @param value empty where there is none
   * @param fallback what holds where the file says nothing: a value, or words; null: it must be
   *     written
   * @param changeable by a reload
   */
  record Setting(String key, String value, @Nullable String fallback, boolean changeable) {}

  /** The configuration key by key, secrets masked. */
  List<Setting> settings();

  Collection<? extends ConsolePool> pools();

  SessionRegistry sessions();

  SessionLimits limits();

  /** Product and version. */
  String version();

  boolean draining();

  /** Reads the configuration again. Returns what is wrong with it; empty: it is in use now. */
  List<String> reload();

  /** What was learned of the servers may be wrong from now on. */
  void forgetServers();

  /** A session's state as JSON text. */
  String json(SessionReport report);
}
