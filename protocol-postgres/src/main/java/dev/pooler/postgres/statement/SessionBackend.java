package dev.pooler.postgres.statement;

import dev.pooler.core.pool.Backend;
import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.LeaseHolder;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /** How many it was asked to parse since this was asked last. */
  int takeParses();

  /**
   * True while a Sync of the client's is due: then a message of it may be skipped to that Sync, and
   * must not keep it back.
   */
  boolean midBatch();

  /** Something is open, and it is the client's turn: COPY data, or the rest of a batch. */
  boolean awaitsClient();

  /** True if the server has been asked for it, whether it has answered or not. */
  boolean asked(SharedStatement statement);

  /** True while it depends on the answer to an earlier batch whether the server holds it. */
  boolean undecided(SharedStatement statement);

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
   * As {@link #expectParse(SharedStatement, RequestEffect)}, of a statement that the backend may
   * hold already: then it is parsed anew.
   *
   * @param now of the clock that {@link #parsedSince} is asked by
   */
  boolean expectParse(SharedStatement statement, long now, RequestEffect effect);

  /** True if the server has said that it parsed the statement, and was asked to after that time. */
  boolean parsedSince(SharedStatement statement, long earliest);

  /**
   * Stands in for the client's Parse of a statement that the backend holds: a request that the
   * server answers or skips just as it would that Parse, and whose reply reaches the client as
   * ParseComplete.
   *
   * @return false when too many requests are open
   */
  boolean parsedBefore(RequestEffect effect);

  /** Sends a Parse of ours, without a name, in front of the client's next message. */
  void parseUnnamed(byte[] definition, int length, RequestEffect effect);

  /** Sends a Close of ours, of whatever another session has left without a name. */
  void dropLeftovers(RequestEffect effect);

  /** Notes a request of the client with what depends on its answer. */
  boolean expect(int requestType, @Nullable RequestEffect effect);

  /**
   * Puts the settings in front of the client's next batch or query, in whose transaction they
   * count: they are there once its ReadyForQuery says that nothing failed. Until then {@link
   * #frontOpen} holds and nothing behind that batch may be sent.
   *
   * @param changes from what the backend has
   */
  void alignInFront(PgSettings wanted, List<PgSettings.Change> changes);

  /** True between {@link #alignInFront} and the ReadyForQuery that settles it. */
  boolean settingsInFront();

  /**
   * Sends a client's query, one statement, as a batch of the extended protocol which is answered as
   * the query would be. Behind an Execute without a Sync a Query may not be sent: PostgreSQL 17 and
   * 18 then leave a transaction behind that is neither open nor over.
   *
   * @param zero index of the zero that ends the text
   */
  void sendQueryAsBatch(ByteBuf in, int text, int zero);

  /** What the server reports where nothing is set: the same object while it is the same. */
  Map<String, String> defaultSettings();

  /** How the server reads texts, as of its last answer. */
  Dialect dialect();

  /** How it reads them where nothing is set. */
  Dialect usualDialect();

  /** How it will read them with these changes. */
  Dialect dialectWith(List<PgSettings.Change> changes);

  /** The settings that the backend has. */
  PgSettings settings();

  /** The era of the census in which it was leased first, or -1. */
  int era();

  /** It is leased first in this era. */
  void era(int first);

  /**
   * As {@link #assumeSettings}, from the server's own words: what it reports of all others is what
   * it reports where nothing is set, after a reload of its configuration too.
   */
  void provenSettings(PgSettings now);

  /**
   * Sends a statement of ours in front of the client's next message, and as a part of its batch: if
   * it fails, that is the client's answer, and what it asked is skipped.
   *
   * @param definition what stands behind the name in a Parse: text, zero, parameter types
   */
  void executeInFront(byte[] definition, boolean forQuery);

  /** Sends a Close of ours, of the portal without a name that the client has not bound. */
  void closePortal();

  /**
   * True while something of ours in front of the client's batch is not answered, or the batch is to
   * be sent again: nothing may be sent behind it.
   */
  boolean frontOpen();

  /** Makes a transaction that has failed, as if its first statement had; tells onAligned. */
  void openFailedTransaction();

  /**
   * Keeps a copy of the rest of the client's batch, which is about to be sent: if the server
   * refuses its first message because what a prepared statement selects has changed, the client is
   * not told, and the session is asked to send the copy again ({@link LeaseHolder#onRepeat}).
   *
   * @param count of messages, the last of them its Sync
   */
  void keepBatch(ByteBuf in, int index, int length, int count);

  /** The session does not send that copy again. */
  void forgetBatch();

  /**
   * Whether the server has said since this was asked last that a prepared statement's rows have
   * another type than when it was prepared.
   */
  boolean takeStalePlan();

  /**
   * Has the server fail in the place of a client's message that it may not see: transaction and
   * pipeline go on as after any error, and the client reads ours.
   *
   * @param requestType the message's
   * @return false when too many requests are open
   */
  boolean fail(int requestType, SqlFailure told);

  /** The session's own request is about to; the effect takes that back. */
  RequestEffect deallocating(StatementName statement);

  /** Another text has been parsed under this statement's name, which must be closed before. */
  void displaced(SharedStatement statement);

  /** The session's own request is about to deallocate all; the effect takes that back. */
  RequestEffect deallocatingAll();

  /** The session's own request has deallocated all statements. */
  void allDeallocated();

  /**
   * The server has told which statements it holds.
   *
   * @return whether it was thought to hold others
   */
  boolean retain(Set<String> names);

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
   * @param statements simple queries, sent at once; their rows have text columns
   * @return all rows; fails with {@link IllegalStateException} if the server refuses one of them or
   *     is lost
   */
  CompletionStage<List<@Nullable String[]>> ask(String... statements);

  /**
   * True when nobody knows how many ReadyForQuery are to come: a COPY has failed, and whether the
   * server had read the Syncs behind its Execute before, its answers alone will tell.
   */
  boolean inDoubt();

  /** True when the server takes COPY data and Syncs have been sent to it: it is next in doubt. */
  boolean takesCopyWithSync();

  /** True when what the client sends up to its next Sync is skipped, and not by the server. */
  boolean awaitsSync();

  /**
   * Has the server answer until it is known what it has read. One that still takes COPY data says
   * what it says to any message out of turn, and ends the connection.
   *
   * @param then when that is known; never, if the backend is lost
   */
  void endDoubt(Runnable then);

  /** True while the client has the beginning of a message whose rest has not come. */
  boolean midMessage();

  /** Nobody else gets it: it is closed when its lease ends. */
  void spend(EvictReason reason);

  /** The server's process. */
  int processId();

  /** As whom those know the session that listen to it. */
  Speakers.Speaker speaker();
}
