package dev.pooler.postgres.listen;

import java.util.Collection;

/** SQL about channels, whose names are taken exactly. */
public final class ChannelNames {
  private ChannelNames() {}

  /** LISTEN to each, or nothing. */
  public static String listen(Collection<String> channels) {
    return each("LISTEN ", channels);
  }

  /** UNLISTEN of each, or nothing. */
  public static String unlisten(Collection<String> channels) {
    return each("UNLISTEN ", channels);
  }

  public static String quoted(String channel) {
    return '"' + channel.replace("\"", "\"\"") + '"';
  }

  private static String each(String verb, Collection<String> channels) {
    StringBuilder sql = new StringBuilder();
    for (String channel : channels) {
      sql.append(verb).append(quoted(channel)).append(';');
    }
    return sql.toString();
  }
}
