package dev.pooler.postgres.backend;

import dev.pooler.core.relay.ReplyQueue;
import dev.pooler.core.relay.ReplyQueue.Disposition;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import org.jspecify.annotations.Nullable;

/**
 * Which replies a PostgreSQL backend owes for which messages, by the rules of the manual's "Message
 * Flow" and PostgreSQL 18's postgres.c:
 *
 * <ul>
 *   <li>Query, FunctionCall and Sync are answered by a ReadyForQuery each; Parse, Bind, Describe,
 *       Execute and Close by one message of their own each.
 *   <li>An error in an extended-protocol message makes the server skip everything, simple queries
 *       too, up to the next Sync ({@code ignore_till_sync}).
 *   <li>During COPY from the client the server skips Sync and Flush; the client sends another Sync
 *       after its CopyDone or CopyFail. Anything else ends the connection (08P01).
 *   <li>A CopyDone or CopyFail that is sent before the server's CopyInResponse has been seen stays
 *       in the queue as a mark: Syncs in front of it are skipped by the server, those behind it
 *       not.
 *   <li>A Flush or an answered message does not end a batch: only a ReadyForQuery does.
 * </ul>
 */
final class PgReplies {
  /** A Close that stands in for the Parse of a statement which the backend holds. */
  private static final int STAND_IN = Frontend.PARSE | 1 << 16;

  /** Added to a message of ours that stands in front of a simple query. */
  private static final int FOR_QUERY = 1 << 17;

  /** Added to a query that stands behind an Execute without a Sync. */
  private static final int ASTRAY = 1 << 18;

  /** Added to a Describe of which only a RowDescription is wanted. */
  private static final int ROWS_ONLY = 1 << 19;

  private static final int MESSAGE = ~(FOR_QUERY | ASTRAY | ROWS_ONLY);

  private final ReplyQueue queue = new ReplyQueue();

  /** A batch of extended-protocol messages has begun and no ReadyForQuery has ended it. */
  private boolean batchOpen;

  /** Messages of a batch have been sent, and no Sync behind them. */
  private boolean unsynced;

  /** An Execute has been sent, and no Sync behind it. */
  private boolean executed;

  /** A query has been answered that was sent behind such an Execute. */
  private boolean strayed;

  /** Counts the Syncs. */
  private int batch;

  /** Messages of ours have been sent that belong to a simple query which has not. */
  private boolean aheadOfQuery;

  /** The server skips what it is sent until a Sync that has not been sent yet. */
  private boolean skipping;

  /** The server takes COPY data and skips Syncs. */
  private boolean copyIn;

  /** A COPY in both directions is going on, or coming to its end. */
  private boolean copyBoth;

  /** Syncs that the server skips inside a COPY, unless the COPY fails before it reads them. */
  private int earlySyncs;

  /**
   * So many ReadyForQuery may come without a Sync that waits for them: a COPY has failed, and
   * nobody knows whether the server had read the Syncs that were sent ahead. The next answer to
   * anything else is behind all of them; see {@link #expectCertainty}.
   */
  private int doubtful;

  /** Such a COPY was of the extended protocol, and no ReadyForQuery has come since. */
  private boolean unresumed;

  /** The server has been let out of a failed batch whose Sync the client has not sent. */
  private boolean awaitsSync;

  /** The query that is the head has been answered in part. */
  private boolean headBegun;

  /** Notes a client's message that is about to be sent; false if too many are open. */
  boolean expect(int requestType) {
    return expect(requestType, null);
  }

  /** As {@link #expect(int)}, with what depends on the answer. */
  boolean expect(int requestType, @Nullable RequestEffect effect) {
    return switch (requestType) {
      case Frontend.PARSE, Frontend.BIND, Frontend.DESCRIBE, Frontend.EXECUTE, Frontend.CLOSE -> {
        batchOpen = true;
        unsynced = true;
        executed |= requestType == Frontend.EXECUTE;
        yield add(requestType, Disposition.FORWARD, effect);
      }
      case Frontend.QUERY, Frontend.FUNCTION_CALL -> {
        aheadOfQuery = false;
        yield add(executed ? requestType | ASTRAY : requestType, Disposition.FORWARD, effect);
      }
      case Frontend.SYNC -> {
        if (copyIn) {
          earlySyncs++;
          yield true;
        }
        skipping = false;
        awaitsSync = false;
        unsynced = false;
        executed = false;
        batch++;
        yield queue.add(requestType, Disposition.FORWARD);
      }
      case Frontend.COPY_DONE, Frontend.COPY_FAIL -> {
        boolean ahead = !copyIn && !queue.isEmpty();
        copyIn = false;
        yield !ahead || queue.add(Frontend.COPY_DONE, Disposition.FORWARD);
      }
      default -> true;
    };
  }

  void expectOwnQuery() {
    queue.add(Frontend.QUERY, Disposition.SWALLOW);
  }

  void expectOwnSync() {
    queue.add(Frontend.SYNC, Disposition.SWALLOW);
  }

  /**
   * A Sync, a Close and a Sync of ours, of which the first lets the server out of a batch that has
   * failed, and the second's answer is behind all that may come for what the client has sent. A
   * server that still takes COPY data ends the connection at the Close.
   */
  void expectCertainty() {
    queue.add(Frontend.SYNC, Disposition.SWALLOW);
    queue.add(Frontend.CLOSE, Disposition.SWALLOW);
    queue.add(Frontend.SYNC, Disposition.SWALLOW);
  }

  /** They are answered. If the client got no ReadyForQuery, it still has to send its Sync. */
  void certain() {
    executed = false;
    doubtful = 0;
    skipping = unresumed;
    awaitsSync = unresumed;
    unresumed = false;
  }

  /** What the client sends up to a Sync is to be dropped: the server would not skip it any more. */
  boolean awaitsSync() {
    return awaitsSync;
  }

  /** A Close of ours within the client's batch. */
  void expectOwnClose(@Nullable RequestEffect effect) {
    add(Frontend.CLOSE, Disposition.SWALLOW, effect);
  }

  /** A Parse of ours within the client's batch; if it fails, the batch has failed. */
  void expectOwnParse(RequestEffect effect) {
    batchOpen = true;
    add(Frontend.PARSE, Disposition.SWALLOW, effect);
  }

  /** As {@link #expectOwnParse}, in front of a simple query of the client. */
  void expectOwnParseForQuery(RequestEffect effect) {
    aheadOfQuery = true;
    add(Frontend.PARSE | FOR_QUERY, Disposition.SWALLOW, effect);
  }

  /**
   * A client's Query that is sent as Parse, Bind, Describe, Execute and Sync, and answered as a
   * Query is.
   */
  void expectQueryAsBatch() {
    add(Frontend.PARSE, Disposition.SWALLOW, null);
    add(Frontend.BIND, Disposition.SWALLOW, null);
    add(Frontend.DESCRIBE | ROWS_ONLY, Disposition.FORWARD, null);
    add(Frontend.EXECUTE, Disposition.FORWARD, null);
    expect(Frontend.SYNC);
  }

  /** True when a NoData that comes next is not to be seen. */
  boolean headWantsRowsOnly() {
    int head = queue.headType();
    return head > 0 && (head & ROWS_ONLY) != 0;
  }

  /** A Bind and an Execute of ours within the client's batch, or in front of its simple query. */
  void expectOwnExecution(boolean forQuery, @Nullable RequestEffect effect) {
    batchOpen |= !forQuery;
    int kind = forQuery ? FOR_QUERY : 0;
    add(Frontend.BIND | kind, Disposition.SWALLOW, null);
    add(Frontend.EXECUTE | kind, Disposition.SWALLOW, effect);
  }

  /**
   * A statement of ours within the client's batch, from Close and Parse to its two Closes ({@code
   * Messages.runBetween}).
   *
   * @param effect of its Execute
   */
  void expectOwnStatement(@Nullable RequestEffect effect) {
    batchOpen = true;
    add(Frontend.CLOSE, Disposition.SWALLOW, null);
    add(Frontend.PARSE, Disposition.SWALLOW, null);
    add(Frontend.BIND, Disposition.SWALLOW, null);
    add(Frontend.EXECUTE, Disposition.SWALLOW, effect);
    add(Frontend.CLOSE, Disposition.SWALLOW, null);
    add(Frontend.CLOSE, Disposition.SWALLOW, null);
  }

  /** A Close of ours whose CloseComplete is to reach the client as ParseComplete. */
  boolean expectStandIn(RequestEffect effect) {
    batchOpen = true;
    unsynced = true;
    return add(STAND_IN, Disposition.FORWARD, effect);
  }

  /** Another number for each batch; a failure in one has no effect on another. */
  int batch() {
    return batch;
  }

  /** What the client is told if the next reply is an error; null: that error. */
  @Nullable SqlFailure refusal() {
    return queue.headEffect() instanceof Refusal refusal ? refusal.told() : null;
  }

  /** The server skips to a Sync that has not been sent yet: it will not even read what comes. */
  boolean skipping() {
    return skipping;
  }

  /** A failure may make the server skip what is sent now, to a Sync that has not been sent yet. */
  boolean unsynced() {
    return unsynced || skipping;
  }

  /**
   * Whether a query has run behind an Execute without a Sync. PostgreSQL 17 and 18 say then, at the
   * Sync, that the transaction is over, and fail whatever comes next, for it is not.
   */
  boolean strayed() {
    return strayed;
  }

  /** True when the next CloseComplete answers a Parse. */
  boolean headStandsIn() {
    return queue.headType() == STAND_IN;
  }

  private boolean add(int type, Disposition disposition, @Nullable RequestEffect effect) {
    if (skipping) {
      if (effect != null) {
        effect.undone();
      }
      return true;
    }
    return queue.add(type, disposition, effect);
  }

  /** True when the next reply answers a query of ours, of a pool's request or within a session. */
  boolean headIsOwnQuery() {
    return queue.headType() == Frontend.QUERY && queue.headSwallowed();
  }

  /** Messages that are not answered. */
  int size() {
    return queue.size();
  }

  boolean headSwallowed() {
    return queue.headSwallowed();
  }

  boolean owed() {
    return batchOpen || aheadOfQuery || skipping || !queue.isEmpty();
  }

  /** All that was sent is answered, and what is open goes on with the client: COPY data, a Sync. */
  boolean awaitsClient() {
    return copyIn || (unsynced && queue.isEmpty());
  }

  /** The server streams its log, and listens to what is sent meanwhile. */
  boolean copyBoth() {
    return copyBoth;
  }

  /** The server takes COPY data from the client now. */
  boolean copyIn() {
    return copyIn;
  }

  /** A reply other than ErrorResponse and ReadyForQuery. */
  void replied(int replyType) {
    int head = asked();
    doubtful = 0;
    headBegun = true;
    switch (replyType) {
      case BackendType.PARSE_COMPLETE -> answers(Frontend.PARSE, head, replyType);
      case BackendType.BIND_COMPLETE -> answers(Frontend.BIND, head, replyType);
      case BackendType.CLOSE_COMPLETE ->
          answers(head == STAND_IN ? STAND_IN : Frontend.CLOSE, head, replyType);
      case BackendType.NO_DATA -> answers(Frontend.DESCRIBE, head, replyType);
      case BackendType.ROW_DESCRIPTION -> {
        if (head == Frontend.DESCRIBE) {
          removeHead();
        } else {
          mustBe(head == Frontend.QUERY, replyType);
        }
      }
      case BackendType.COMMAND_COMPLETE,
          BackendType.EMPTY_QUERY_RESPONSE,
          BackendType.PORTAL_SUSPENDED -> {
        if (head == Frontend.EXECUTE) {
          removeHead();
        } else {
          mustBe(head == Frontend.QUERY, replyType);
          stepped(replyType);
        }
        copyIn = false;
        earlySyncs = 0;
      }
      case BackendType.COPY_IN_RESPONSE, BackendType.COPY_BOTH_RESPONSE -> {
        mustBe(head == Frontend.EXECUTE || head == Frontend.QUERY, replyType);
        copyBoth = replyType == BackendType.COPY_BOTH_RESPONSE;
        int before = queue.size();
        boolean over = queue.removeBehindHead(Frontend.SYNC, Frontend.COPY_DONE);
        earlySyncs = before - queue.size() - (over ? 1 : 0);
        copyIn = !over && (copyBoth || queue.size() == 1); // else what has been sent ends it
      }
      default -> mustBe(head >= 0, replyType);
    }
  }

  /**
   * An ErrorResponse that doesn't end the connection.
   *
   * @return true if the server skips a client's query because a message of ours has failed
   */
  boolean failed() {
    copyIn = false;
    copyBoth = false;
    doubtful = earlySyncs;
    earlySyncs = 0;
    headBegun = true;
    int head = queue.headType();
    if (head > 0 && (head & FOR_QUERY) != 0) {
      skipping = !queue.skipTo(Frontend.SYNC);
      return skipping;
    }
    switch (asked()) {
      case STAND_IN,
          Frontend.PARSE,
          Frontend.BIND,
          Frontend.DESCRIBE,
          Frontend.EXECUTE,
          Frontend.CLOSE -> {
        skipping = !queue.skipTo(Frontend.SYNC);
        unresumed = doubtful > 0;
      }
      default -> {
        // Query, FunctionCall and Sync go on to their ReadyForQuery.
      }
    }
    return false;
  }

  /** An ErrorResponse to a query of ours, of which nothing else depends on it. */
  void ownFailed() {
    doubtful = 0;
    headBegun = true;
  }

  /** Takes a ReadyForQuery that is the client's, but of no Sync that waits for one. */
  boolean takeSurplus() {
    boolean skipsTo = skipping && queue.isEmpty();
    boolean inStep =
        switch (asked()) {
          case Frontend.QUERY, Frontend.FUNCTION_CALL -> headBegun;
          case Frontend.SYNC -> true;
          default -> skipsTo;
        };
    boolean surplus = doubtful > 0 && !inStep;
    if (surplus) {
      doubtful--;
      unresumed = false;
    }
    return surplus;
  }

  /**
   * Whether one more ReadyForQuery may come than is asked for: a COPY that fails before the server
   * has read the Sync behind its Execute is answered by two.
   */
  boolean doubtful() {
    return doubtful > 0;
  }

  /** Whether that will be so if the COPY fails that takes data now. */
  boolean copyInWithSync() {
    return copyIn && earlySyncs > 0;
  }

  /**
   * A ReadyForQuery.
   *
   * @return true if it answers a request of ours
   */
  boolean ready() {
    int head = asked();
    if (skipping && queue.isEmpty() && doubtful > 0) {
      // The COPY failed before the server came to the Sync that was sent ahead.
      doubtful--;
      unresumed = false;
      skipping = false;
      batchOpen = false;
      unsynced = false;
      executed = false;
      return false;
    }
    mustBe(
        head == Frontend.QUERY || head == Frontend.SYNC || head == Frontend.FUNCTION_CALL,
        BackendType.READY_FOR_QUERY);
    boolean ours = queue.headSwallowed();
    unresumed &= ours;
    strayed |= (queue.headType() & ASTRAY) != 0;
    removeHead();
    if (queue.isEmpty()) {
      batchOpen = false;
      unsynced = false;
      executed = false;
    }
    copyIn = false;
    copyBoth = false;
    return ours;
  }

  void clear() {
    queue.clear();
    batchOpen = false;
    aheadOfQuery = false;
    unsynced = false;
    executed = false;
    strayed = false;
    skipping = false;
    copyIn = false;
    copyBoth = false;
    earlySyncs = 0;
    doubtful = 0;
    unresumed = false;
    awaitsSync = false;
    headBegun = false;
  }

  /** The type of message that is answered next, or a negative number. */
  private int asked() {
    int head = queue.headType();
    return head < 0 ? head : head & MESSAGE;
  }

  /** One of a query's statements is done. */
  private void stepped(int replyType) {
    RequestEffect effect = queue.headEffect();
    if (effect != null && replyType == BackendType.COMMAND_COMPLETE) {
      effect.stepped();
    }
  }

  private void answers(int requestType, int head, int replyType) {
    mustBe(head == requestType, replyType);
    removeHead();
  }

  /** The head is answered, and with it a CopyDone behind it that no COPY waits for any more. */
  private void removeHead() {
    headBegun = false;
    do {
      queue.remove();
    } while (queue.headType() == Frontend.COPY_DONE);
  }

  private static void mustBe(boolean inStep, int replyType) {
    if (!inStep) {
      throw new ProtocolViolation("the server sent '" + (char) replyType + "' out of order");
    }
  }
}
