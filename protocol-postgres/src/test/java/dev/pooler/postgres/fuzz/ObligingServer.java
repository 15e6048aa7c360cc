package dev.pooler.postgres.fuzz;

import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulatedSocket;
import java.nio.charset.StandardCharsets;

/**
 * Lets everybody in and answers every message by its type alone, in the order of the manual's
 * "Message Flow". The transaction state follows a query's first word.
 */
final class ObligingServer implements World.Server {
  /** AuthenticationOk, one ParameterStatus, BackendKeyData, ReadyForQuery. */
  static final byte[] WELCOME =
      bytes(
          message('R', "\0\0\0\0")
              + message('S', "server_version\00018\0")
              + message('K', "\0\0\0\1\0\0\0\2")
              + message('Z', "I"));

  private static final String DONE = message('C', "SELECT 0\0");

  private boolean started;
  private char state = 'I';

  private static String message(char type, String body) {
    return type + "\0\0\0" + (char) (body.length() + 4) + body;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void hear(ByteQueue in, SimulatedSocket socket) {
    if (!started) {
      if (in.size() >= 8 && in.size() >= in.intAt(0)) {
        boolean cancel = in.intAt(4) == (1234 << 16 | 5678);
        in.take(in.intAt(0));
        if (cancel) {
          socket.close();
        } else {
          started = true;
          socket.send(WELCOME);
        }
      }
      return;
    }
    while (in.size() >= 5 && in.intAt(1) >= 4 && in.size() > in.intAt(1)) {
      answer(socket, in.take(in.intAt(1) + 1));
    }
  }

  private void answer(SimulatedSocket socket, byte[] message) {
    String reply =
        switch (message[0]) {
          case 'Q' -> query(new String(message, 5, message.length - 5, StandardCharsets.US_ASCII));
          case 'P' -> message('1', "");
          case 'B' -> message('2', "");
          case 'C' -> message('3', "");
          case 'D' -> message('n', "");
          case 'E' -> DONE;
          case 'S' -> ready();
          case 'F' -> message('V', "\377\377\377\377") + ready();
          default -> "";
        };
    if (message[0] == 'X') {
      socket.close();
    } else {
      socket.send(bytes(reply));
    }
  }

  private String query(String sql) {
    if (sql.startsWith("BEGIN")) {
      state = 'T';
    } else if (sql.startsWith("COMMIT") || sql.startsWith("ROLLBACK")) {
      state = 'I';
    } else if (sql.startsWith("FAIL")) {
      state = state == 'I' ? 'I' : 'E';
      return message('E', "SERROR\0C22012\0\0") + ready();
    }
    return DONE + ready();
  }

  private String ready() {
    return message('Z', "" + state);
  }
}
