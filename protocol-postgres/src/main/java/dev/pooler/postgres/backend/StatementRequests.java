package dev.pooler.postgres.backend;

import dev.pooler.core.relay.Outlet;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.StatementName;

/**
 * The requests by which a backend comes to hold prepared statements and loses them again: Parse,
 * the client's or ours in front of its message, and Close of what is surplus. Confined to the
 * backend's loop.
 */
final class StatementRequests {
  /** A name that no statement has. */
  static final String NO_STATEMENT = "_pooler_none";

  private final BackendStatements statements;
  private final PgReplies replies;
  private final BatchFront front;
  private final Outlet out;

  StatementRequests(BackendStatements statements, PgReplies replies, BatchFront front, Outlet out) {
    this.statements = statements;
    this.replies = replies;
    this.front = front;
    this.out = out;
  }

  /** As {@link SessionBackend#ensure}. */
  void ensure(SharedStatement statement) {
    if (!statements.contains(statement.name()) && !replies.skipping()) {
      makeRoomFor(statement.name());
      replies.expectOwnParse(statements.add(statement.name(), replies.batch()));
      statement.writeParse(out.room(statement.parseLength()));
    }
  }

  /** As {@link SessionBackend#ensureForQuery}. */
  void ensureForQuery(SharedStatement statement) {
    if (!statements.contains(statement.name()) && !replies.skipping()) {
      makeRoomFor(statement.name());
      RequestEffect effect =
          statements.add(statement.name(), replies.batch()).and(front.putParse());
      replies.expectOwnParseForQuery(effect);
      statement.writeParse(out.room(statement.parseLength()));
    }
  }

  /** As {@link SessionBackend#expectParse(SharedStatement, RequestEffect)}. */
  boolean expectParse(SharedStatement statement, RequestEffect effect) {
    if (replies.skipping()) {
      effect.undone();
      return true;
    }
    makeRoomFor(statement.name());
    return replies.expect(
        Frontend.PARSE, statements.add(statement.name(), replies.batch()).and(effect));
  }

  /** As {@link SessionBackend#expectParse(SharedStatement, long, RequestEffect)}. */
  boolean expectParse(SharedStatement statement, long now, RequestEffect effect) {
    if (replies.skipping()) {
      effect.undone();
      return true;
    }
    if (statements.contains(statement.name())) {
      close(statement.name());
    }
    makeRoomFor(statement.name());
    return replies.expect(
        Frontend.PARSE, statements.add(statement.name(), replies.batch(), now).and(effect));
  }

  /** As {@link SessionBackend#parsedBefore}. */
  boolean parsedBefore(RequestEffect effect) {
    // A name that no statement has: the server has nothing to do.
    Messages.closeStatement(out.room(32), NO_STATEMENT);
    return replies.expectStandIn(effect);
  }

  private void close(StatementName statement) {
    replies.expectOwnClose(statements.remove(statement));
    statement.writeClose(out.room(statement.closeLength()));
  }

  /** The eldest goes first; that a later message of the batch may want it back is no harm. */
  private void makeRoomFor(StatementName statement) {
    if (statements.isClosing(statement)) {
      replies.expectOwnClose(statements.closingAgain(statement));
      statement.writeClose(out.room(statement.closeLength()));
    }
    StatementName surplus;
    while ((surplus = statements.surplus()) != null) {
      close(surplus);
    }
  }
}
