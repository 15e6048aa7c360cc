package dev.pooler.postgres.statement;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL backend as the session that holds it uses it beyond what core knows: its prepared
 * statements, and questions about the session's state. Called on the backend's loop, in the order
 * in which the client's messages stand; what came before must have been sent.
 */
public interface SessionBackend extends Backend {
  /** True if the server has said that it holds the statement. */
  boolean holds(SharedStatement statement);

  /** True if the server has been asked for it, whether it has answered or not. */
  boolean asked(SharedStatement statement);

  /** Sends a Parse of ours in front of the client's next message, unless the backend holds it. */
  void ensure(SharedStatement statement);

  /**
   * As {@link #ensure}, in front of a simple query: if the Parse fails, the client's query is
   * answered with that error.
   */
  void ensureForQuery(SharedStatement statement);

  /**
   * Notes that the client's Parse becomes this statement's. Its message is written to {@link #room}
   * and {@link #send} by the caller.
   *
   * @param effect what else depends on the answer
   * @return false when too many requests are open
   */
  boolean expectParse(SharedStatement statement, RequestEffect effect);

  /**
   * Stands in for the client's Parse of a statement that the backend holds: a request that the
   * server answers or skips just as it would that Parse, and whose reply reaches the client as
   * ParseComplete.
   *
   * @return false when too many requests are open
   */
  boolean parsedBefore(RequestEffect effect);

  /** Sends a Parse of ours, without a name, in front of the client's next message. */
  void parseUnnamed(byte[] definition, int length);

  /** Notes a request of the client with what depends on its answer. */
  boolean expect(int requestType, @Nullable RequestEffect effect);

  /**
   * Has the server fail in the place of a client's message that it may not see: transaction and
   * pipeline go on as after any error, and the client reads ours.
   *
   * @param requestType the message's
   * @return false when too many requests are open
   */
  boolean fail(int requestType, SqlFailure told);

  /** The session's own request has deallocated this statement. */
  void deallocated(SharedStatement statement);

  /** The session's own request has deallocated all statements. */
  void allDeallocated();

  /** Room for the start of a message that is rewritten, in front of what {@link #send} brings. */
  ByteBuf room(int bytes);

  /**
   * Asks the server between two statements of the session.
   *
   * @param sql one statement whose rows have text columns
   * @return the rows; fails with {@link IllegalStateException} if the server refuses or is lost
   */
  CompletionStage<List<@Nullable String[]>> ask(String sql);
}
