package dev.pooler.postgres.backend;

import dev.pooler.core.relay.Outlet;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests of our own to a backend that owes nothing else: one at a time, answered as a whole, and
 * seen by no client. Confined to the backend's loop.
 */
final class OwnRequests {
  /** What a question may be answered with, in bytes. */
  private static final int LARGEST_ANSWER = 1024 * 1024;

  private final PgReplies replies;
  private final Outlet out;
  private final ByteBufAllocator allocator;

  private @Nullable Request open;
  private int unanswered;
  private @Nullable SqlFailure failure;
  private boolean done;
  private @Nullable List<@Nullable String[]> rows;
  private int bytes;

  /** Who has asked. */
  @FunctionalInterface
  interface Request {
    /**
     * All of it is answered; the next may be begun.
     *
     * @param failure what the server has refused last, or null
     */
    void answered(@Nullable SqlFailure failure);

    /** The backend is lost. */
    default void lost() {}
  }

  OwnRequests(PgReplies replies, Outlet out, ByteBufAllocator allocator) {
    this.replies = replies;
    this.out = out;
    this.allocator = allocator;
  }

  /** Sends simple queries at once; none at all is one round trip. */
  void begin(Request request, String... queries) {
    open = request;
    failure = null;
    rows = null;
    ByteBuf messages = allocator.buffer();
    if (queries.length == 0) {
      replies.expectOwnSync();
      Messages.sync(messages);
      unanswered = 1;
    } else {
      unanswered = queries.length;
    }
    for (String query : queries) {
      replies.expectOwnQuery();
      Messages.query(messages, query);
    }
    out.append(messages);
    out.flush();
  }

  /** As {@link #begin}, to a backend of which nobody knows how much it will answer. */
  void beginInDoubt(Request request) {
    open = request;
    failure = null;
    rows = null;
    unanswered = 2;
    replies.expectCertainty();
    ByteBuf messages = allocator.buffer();
    Messages.sync(messages);
    Messages.closeStatement(messages, StatementRequests.NO_STATEMENT);
    Messages.sync(messages);
    out.append(messages);
    out.flush();
  }

  /**
   * As {@link #begin}; the rows, of text columns, are kept in the returned list. An answer that is
   * too long counts as refused.
   */
  List<@Nullable String[]> read(Request request, String... queries) {
    begin(request, queries);
    List<@Nullable String[]> answer = new ArrayList<>();
    rows = answer;
    bytes = 0;
    return answer;
  }

  /** Whether one is not answered. */
  boolean isOpen() {
    return open != null;
  }

  /** Whether a row of so many bytes is kept. */
  boolean keeps(long length) {
    return open != null && rows != null && bytes + length <= LARGEST_ANSWER;
  }

  /** A row passes that is not kept: it is no answer, and neither is what comes behind it. */
  void notKept() {
    if (rows != null) {
      rows.clear();
      rows = null;
      failure = SqlFailure.error("54000", 1105, "it is longer than " + LARGEST_ANSWER + " bytes");
    }
  }

  /** A DataRow, header included. */
  void row(ByteBuf in, int index, int available) {
    bytes += available;
    if (rows != null) {
      rows.add(DataRow.read(in, index + PgFrameFormat.HEADER, index + available));
    }
  }

  /** The server has refused a part of it. */
  void refused(SqlFailure told) {
    failure = told;
  }

  /** A ReadyForQuery that is not the client's. */
  void ready() {
    done = open != null && --unanswered == 0; // else it is in front of a client's query
  }

  /** Tells who has asked, where all is answered. */
  void completeIfDone() {
    if (done) {
      done = false;
      Request request = open;
      SqlFailure told = failure;
      open = null;
      failure = null;
      rows = null;
      if (request != null) {
        request.answered(told);
      }
    }
  }

  /** The backend is lost. */
  void lost() {
    Request request = open;
    open = null;
    rows = null;
    if (request != null) {
      request.lost();
    }
  }
}
