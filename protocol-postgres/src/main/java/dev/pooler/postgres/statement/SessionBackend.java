package dev.pooler.postgres.statement;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.relay.RequestEffect;
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

  /** The session's own request has deallocated this statement. */
  void deallocated(SharedStatement statement);

  /** The session's own request is about to; the effect takes that back. */
  RequestEffect deallocating(SharedStatement statement);

  /** The session's own request has deallocated all statements. */
  void allDeallocated();

  /** A session takes the backend; false if another has been here since that one's last lease. */
  boolean visit(long session);

  /** What currval and lastval would answer from was drawn by the session that is here, or none. */
  boolean sequencesAreOwn();

  /** DISCARD SEQUENCES in front of the client's next message of the extended protocol. */
  void forgetSequences();

  /**
   * As {@link #forgetSequences}, in front of a simple query: as a query, too. Behind an Execute
   * without a Sync it would find itself in a transaction (XACT_FLAGS_PIPELINING of PostgreSQL 18).
   */
  void forgetSequencesForQuery();

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
