package dev.pooler.postgres.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import java.util.Map;

/**
 * Plays a conversation to a {@link PgReplies}, in the words of libpq's PQtrace, one message a line:
 *
 * <pre>
 *   F Query             the client sends it
 *   P Query             pooler sends it
 *   B CommandComplete   the server sends it, for the client
 *   S ReadyForQuery     the server sends it, in answer to pooler: swallowed
 *   ! BindComplete      the server sends it, out of order: a protocol violation
 *   ~ ReadyForQuery     the server sends one that no Sync waits for: the client's
 *   = owes              and: = owes nothing, = takes COPY data, = takes no COPY data,
 *                       = doubtful, = certain, = awaits Sync, = awaits no Sync
 * </pre>
 */
final class Transcript {
  private static final Map<String, Integer> FRONTEND =
      Map.ofEntries(
          Map.entry("Bind", Frontend.BIND),
          Map.entry("Close", Frontend.CLOSE),
          Map.entry("CopyData", Frontend.COPY_DATA),
          Map.entry("CopyDone", Frontend.COPY_DONE),
          Map.entry("CopyFail", Frontend.COPY_FAIL),
          Map.entry("Describe", Frontend.DESCRIBE),
          Map.entry("Execute", Frontend.EXECUTE),
          Map.entry("Flush", Frontend.FLUSH),
          Map.entry("FunctionCall", Frontend.FUNCTION_CALL),
          Map.entry("Parse", Frontend.PARSE),
          Map.entry("Query", Frontend.QUERY),
          Map.entry("Sync", Frontend.SYNC));

  private static final Map<String, Integer> BACKEND =
      Map.ofEntries(
          Map.entry("BindComplete", BackendType.BIND_COMPLETE),
          Map.entry("CloseComplete", BackendType.CLOSE_COMPLETE),
          Map.entry("CommandComplete", BackendType.COMMAND_COMPLETE),
          Map.entry("CopyBothResponse", BackendType.COPY_BOTH_RESPONSE),
          Map.entry("CopyData", BackendType.COPY_DATA),
          Map.entry("CopyDone", BackendType.COPY_DONE),
          Map.entry("CopyInResponse", BackendType.COPY_IN_RESPONSE),
          Map.entry("CopyOutResponse", BackendType.COPY_OUT_RESPONSE),
          Map.entry("DataRow", BackendType.DATA_ROW),
          Map.entry("EmptyQueryResponse", BackendType.EMPTY_QUERY_RESPONSE),
          Map.entry("FunctionCallResponse", BackendType.FUNCTION_CALL_RESPONSE),
          Map.entry("NoData", BackendType.NO_DATA),
          Map.entry("ParameterDescription", BackendType.PARAMETER_DESCRIPTION),
          Map.entry("ParseComplete", BackendType.PARSE_COMPLETE),
          Map.entry("PortalSuspended", BackendType.PORTAL_SUSPENDED),
          Map.entry("RowDescription", BackendType.ROW_DESCRIPTION));

  private final PgReplies replies = new PgReplies();

  static void play(String conversation) {
    Transcript transcript = new Transcript();
    String[] lines = conversation.strip().split("\n");
    for (int i = 0; i < lines.length; i++) {
      transcript.line(lines[i].strip(), "line " + (i + 1) + ": " + lines[i].strip());
    }
  }

  private void line(String line, String at) {
    String words = line.substring(2).strip();
    switch (line.charAt(0)) {
      case 'F' -> assertTrue(replies.expect(known(FRONTEND, words)), at);
      case 'P' -> own(words);
      case 'B' -> answer(words, false, at);
      case 'S' -> answer(words, true, at);
      case '~' -> assertTrue(replies.takeSurplus(), at);
      case '!' -> assertThrows(ProtocolViolation.class, () -> server(words), at);
      case '=' -> state(words, at);
      default -> throw new AssertionError(at);
    }
  }

  private void own(String message) {
    switch (message) {
      case "Query" -> replies.expectOwnQuery();
      case "Sync" -> replies.expectOwnSync();
      case "Close" -> replies.expectOwnClose(null);
      case "Sync Close Sync" -> replies.expectCertainty();
      case "certain" -> replies.certain();
      case "Close to Close" -> replies.expectOwnStatement(null);
      default -> throw new AssertionError(message);
    }
  }

  private void answer(String message, boolean swallowed, String at) {
    assertEquals(swallowed, replies.headSwallowed(), at);
    boolean ours = server(message);
    if (message.equals("ReadyForQuery")) {
      assertEquals(swallowed, ours, at);
    }
  }

  /** As PgBackend tells it; true for a ReadyForQuery that is pooler's. */
  private boolean server(String message) {
    switch (message) {
      case "ReadyForQuery" -> {
        assertFalse(replies.takeSurplus());
        return replies.ready();
      }
      case "ErrorResponse" -> {
        if (replies.headSwallowed()) {
          replies.ownFailed();
        } else {
          replies.failed();
        }
      }
      default -> replies.replied(known(BACKEND, message));
    }
    return false;
  }

  private void state(String words, String at) {
    switch (words) {
      case "owes" -> assertTrue(replies.owed(), at);
      case "owes nothing" -> assertEquals(false, replies.owed(), at);
      case "doubtful" -> assertTrue(replies.doubtful(), at);
      case "certain" -> assertFalse(replies.doubtful(), at);
      case "awaits Sync" -> assertTrue(replies.awaitsSync(), at);
      case "awaits no Sync" -> assertFalse(replies.awaitsSync(), at);
      case "takes COPY data" -> assertTrue(replies.copyIn(), at);
      case "takes no COPY data" -> assertEquals(false, replies.copyIn(), at);
      default -> throw new AssertionError(at);
    }
  }

  private static int known(Map<String, Integer> types, String message) {
    Integer type = types.get(message);
    if (type == null) {
      throw new AssertionError("no such message: " + message);
    }
    return type;
  }
}
