package dev.pooler.postgres.listen;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The shared listener's connection to the server. Any thread. */
public interface ListenerLink {
  /** Sends a simple query; its end is told to {@link Events#answered}. */
  void send(String sql);

  /** Says goodbye and closes. */
  void close();

  /** What the connection tells, on its own loop. */
  interface Events {
    /**
     * The query has been answered.
     *
     * @param failure the server's words, or null
     */
    void answered(@Nullable String failure);

    void notified(List<Notification> notifications);

    /** It is closed. Told once. */
    void closed(String why);
  }

  /** Makes connections. */
  interface Dialer {
    /** Connects and logs in. Returns at once. */
    CompletionStage<ListenerLink> dial(Events events);
  }
}
