package dev.pooler.server.postgres;

import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a raw client hears, as {@code channel payload}. */
final class Notifications {
  private Notifications() {}

  /** So many notifications; an AssertionError for any other message. */
  static List<String> next(RawPgClient client, int count) throws IOException {
    List<String> heard = new ArrayList<>();
    while (heard.size() < count) {
      PgMessage message = client.read();
      if (message.type() != 'A') {
        throw new AssertionError(message + " after " + heard);
      }
      heard.add(text(message));
    }
    return heard;
  }

  /** Those among other messages. */
  static List<String> among(List<PgMessage> messages) {
    return messages.stream().filter(m -> m.type() == 'A').map(Notifications::text).toList();
  }

  /** Nothing comes that does not stand before the answer to a statement, and after a moment. */
  static List<String> untilQuiet(RawPgClient client, Duration moment) throws IOException {
    List<String> heard = new ArrayList<>(among(client.query("select 1")));
    while (!client.quietFor(moment)) {
      heard.addAll(next(client, 1));
    }
    return heard;
  }

  private static String text(PgMessage message) {
    String words =
        new String(
            message.body(), 4, message.body().length - 5, java.nio.charset.StandardCharsets.UTF_8);
    return words.replace('\0', ' ').strip();
  }
}
