package dev.pooler.postgres.backend;

import dev.pooler.core.relay.Outlet;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SettingsStatement;
import dev.pooler.postgres.statement.SharedStatement;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;

/**
 * Requests of ours in a client's batch: in front of its message, or in the place of one. The server
 * answers or skips them with the batch. Confined to the backend's loop.
 */
final class RequestsInFront {
  private static final String FORGET_SEQUENCES = "DISCARD SEQUENCES";

  private final PgReplies replies;
  private final BatchFront front;
  private final StatementRequests requests;
  private final BackendSequences sequences;
  private final Outlet out;

  RequestsInFront(
      PgReplies replies,
      BatchFront front,
      StatementRequests requests,
      BackendSequences sequences,
      Outlet out) {
    this.replies = replies;
    this.front = front;
    this.requests = requests;
    this.sequences = sequences;
    this.out = out;
  }

  /** As {@link SessionBackend#dropLeftovers}. */
  void dropLeftovers(RequestEffect effect) {
    replies.expectOwnClose(effect);
    Messages.closeStatement(out.room(8), "");
  }

  /** As {@link SessionBackend#closePortal}. */
  void closePortal() {
    replies.expectOwnClose(null);
    Messages.closePortal(out.room(8));
  }

  /** As {@link SessionBackend#alignInFront}. */
  void align(PgSettings wanted, List<PgSettings.Change> changes, Map<String, String> defaults) {
    front.put(new SettingsInFront(wanted, changes, defaults));
    SharedStatement statement = SettingsStatement.of(changes.size());
    requests.ensure(statement);
    replies.expectOwnExecution(false, null);
    SettingsStatement.writeExecution(
        out.room(SettingsStatement.executionLength(changes)), statement, changes);
  }

  /** As {@link SessionBackend#sendQueryAsBatch}. */
  void sendQueryAsBatch(ByteBuf in, int text, int zero) {
    replies.expectQueryAsBatch();
    int length = zero - text;
    ByteBuf request = out.room(length + 64);
    request.writeByte(Frontend.PARSE).writeInt(4 + 1 + length + 1 + 2).writeByte(0);
    request.writeBytes(in, text, length).writeByte(0).writeShort(0);
    Messages.bind(request, "", List.of());
    Messages.describePortal(request);
    Messages.execute(request);
    Messages.sync(request);
  }

  /** As {@link SessionBackend#executeInFront}. */
  void execute(byte[] definition, boolean forQuery) {
    RequestEffect begun = front.putBegin();
    if (forQuery) {
      replies.expectOwnParseForQuery(RequestEffect.NONE);
    } else {
      replies.expectOwnParse(RequestEffect.NONE);
    }
    writeUnnamedParse(definition, definition.length);
    replies.expectOwnExecution(forQuery, begun);
    ByteBuf execution = out.room(64);
    Messages.bind(execution, "", List.of());
    Messages.execute(execution);
  }

  /** As {@link SessionBackend#parseUnnamed}. */
  void parseUnnamed(byte[] definition, int length, RequestEffect effect) {
    replies.expectOwnParse(effect);
    writeUnnamedParse(definition, length);
  }

  private void writeUnnamedParse(byte[] definition, int length) {
    ByteBuf request = out.room(PgFrameFormat.HEADER + 1 + length);
    request.writeByte(Frontend.PARSE).writeInt(PgFrameFormat.HEADER + length).writeByte(0);
    request.writeBytes(definition, 0, length);
  }

  /** As {@link SessionBackend#fail}. */
  boolean fail(int requestType, SqlFailure told) {
    if (requestType == Frontend.QUERY || requestType == Frontend.FUNCTION_CALL) {
      Messages.query(out.room(32), Refusal.TEXT);
      return replies.expect(Frontend.QUERY, new Refusal(told));
    }
    Messages.bind(out.room(32), StatementRequests.NO_STATEMENT);
    return replies.expect(Frontend.BIND, new Refusal(told));
  }

  /** As {@link SessionBackend#forgetSequences}. */
  void forgetSequences() {
    if (!replies.skipping()) {
      replies.expectOwnStatement(sequences.forgotten());
      Messages.runBetween(out.room(256), "_pooler_sequences", FORGET_SEQUENCES);
    }
  }

  /** As {@link SessionBackend#forgetSequencesForQuery}. */
  void forgetSequencesForQuery() {
    if (!replies.skipping()) {
      sequences.forgotten();
      replies.expectOwnQuery();
      Messages.query(out.room(64), FORGET_SEQUENCES);
    }
  }
}
