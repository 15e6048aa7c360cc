package dev.pooler.postgres.client;

import dev.pooler.core.relay.Outlet;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SessionBackend;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.HashMap;
import java.util.Map;

/**
 * What a client was told of the settings that nobody has set. They change with a promotion or a
 * reload of the server's configuration, of which perhaps another session has had the news, or
 * nobody.
 */
final class ToldDefaults {
  private final Channel channel;
  private final Outlet out;

  /** Most often a backend's own map: compared by reference. */
  private Map<String, String> told = Map.of();

  ToldDefaults(Channel channel, Outlet out) {
    this.channel = channel;
    this.out = out;
  }

  /** It is told these at its login. */
  void begin(Map<String, String> defaults) {
    told = defaults;
  }

  /** It has heard these in the answers to its own statements, some of which it may have set. */
  void heard(Map<String, String> moved, PgSettings its) {
    moved.forEach((name, value) -> {
      if (!its.sets(name) && !value.equals(told.get(name))) {
        Map<String, String> now = new HashMap<>(told);
        now.put(name, value);
        told = now;
      }
    });
  }

  /** Tells what is another value at this backend, but of what the session has set itself. */
  void tell(SessionBackend backend, PgSettings its) {
    Map<String, String> now = backend.defaultSettings();
    if (told != now) {
      tellNews(now, its);
    }
  }

  private void tellNews(Map<String, String> now, PgSettings its) {
    Map<String, String> before = told;
    told = now;
    ByteBuf words = channel.alloc().buffer(64);
    now.forEach((name, value) -> {
      if (!value.equals(before.get(name)) && !its.sets(name)) {
        Messages.parameterStatus(words, name, value);
      }
    });
    if (words.isReadable()) {
      out.append(words);
    } else {
      words.release();
    }
  }
}
