package dev.pooler.postgres.listen;

import java.util.List;
import java.util.concurrent.Executor;

/** A session, as the shared listener sees it. Called on the session's loop, in order. */
public interface Subscriber {
  /** The session's loop. Any thread. */
  Executor loop();

  /** Notifications of its channels, and of its own fences, in the server's order. */
  void heard(List<Notification> notifications);

  /** The listener's backend is lost: what is notified from here on may be missed. */
  void lost();

  /** All channels of the session are listened to again. */
  void restored();
}
