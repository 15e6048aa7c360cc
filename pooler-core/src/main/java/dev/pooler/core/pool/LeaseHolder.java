package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The session that holds a backend, as the backend sees it. Called on the backend's loop. */
public interface LeaseHolder {
  /** The client's channel: back-pressure is its business and the backend's. */
  Channel client();

  /** Bytes for the client, in order; {@code in} stays the caller's. */
  void onReplies(ByteBuf in, int index, int length);

  /** The backend now has the session's settings. */
  void onAligned();

  /** The backend refused the session's settings; it is clean and at nobody's settings. */
  void onAlignFailed(SqlFailure failure);

  /** The end of a turn: what was replied goes on the wire. */
  void flushReplies();

  /**
   * Everything asked so far is answered; the replies have been written to the client.
   *
   * @param failed one of the replies since the last time was an error
   */
  void onSettled(TransactionState state, boolean failed);

  /**
   * The server could not run the client's last requests though nothing is wrong with them, has done
   * nothing of them and owes nothing: they are to be sent again.
   *
   * @param requests as the client sent them; the session's to release
   * @param cancelled a cancel was asked for meanwhile and has hit nothing: it was meant for them
   */
  default void onRepeat(ByteBuf requests, boolean cancelled) {
    throw new IllegalStateException("nothing was kept to be repeated");
  }

  /** The client's name for a prepared statement that backends know by another; null if none. */
  default @Nullable String statementName(String shared) {
    return null;
  }

  /**
   * An asynchronous notification, whole, which may be changed in place.
   *
   * @return whether it goes to the client, where it stands among the replies
   */
  boolean onNotification(ByteBuf in, int index, int length);

  /** What keeps the session on its backend beyond its pool's mode; asked at the janitor's ticks. */
  default Set<PinReason> pins() {
    return Set.of();
  }

  /**
   * The backend is gone. The lease must be given up by evicting it.
   *
   * @param failure what the client is to be told, or null if the backend's own FATAL went to it, or
   *     the beginning of a message whose rest is lost
   */
  void onBackendLost(EvictReason reason, @Nullable SqlFailure failure);
}
