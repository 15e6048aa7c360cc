package dev.pooler.postgres.fuzz;

import dev.pooler.core.config.Auth;
import dev.pooler.core.config.PoolMode;
import dev.pooler.testkit.simulation.ByteQueue;
import dev.pooler.testkit.simulation.SimulatedSocket;
import dev.pooler.testkit.wire.PgBytes;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * A server that is out of its mind: its bytes are the input, one piece for each time it is spoken
 * to, from the login on or after a right one. A honest client behind it loses its connection at
 * most. The input: whether the login is right and which pool mode, the seed of the cuts, then the
 * pieces.
 */
public final class ServerFuzz {
  private static final byte[] STARTUP = PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "app"));

  private static final List<byte[]> ASKED =
      List.of(
          PgBytes.query("SELECT 1"),
          PgBytes.joined(
              PgBytes.parse("", "SELECT $1"),
              PgBytes.bind("", "", "1"),
              PgBytes.named('D', 'P', ""),
              PgBytes.execute("", 0),
              PgBytes.sync()),
          PgBytes.query("SET datestyle TO iso"),
          PgBytes.query("COPY t FROM STDIN"),
          PgBytes.joined(PgBytes.copyData(new byte[4]), PgBytes.copyDone()),
          PgBytes.query("BEGIN"),
          PgBytes.query("ROLLBACK"));

  private ServerFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length < 2) {
      return;
    }
    boolean loginRight = (input[0] & 1) == 0;
    PoolMode mode = (input[0] & 2) == 0 ? PoolMode.TRANSACTION : PoolMode.SESSION;
    Iterator<byte[]> pieces = Pieces.of(Arrays.copyOfRange(input, 2, input.length)).iterator();
    boolean[] welcomed = {!loginRight};
    try (World world =
        new World(
            input[1],
            mode,
            Auth.TRUST,
            () -> (in, socket) -> answer(in, socket, pieces, welcomed))) {
      if (loginRight) {
        world.login(STARTUP);
      } else {
        world.send(STARTUP);
      }
      ASKED.forEach(world::send);
      world.end();
    }
  }

  private static void answer(
      ByteQueue in, SimulatedSocket socket, Iterator<byte[]> pieces, boolean[] welcomed) {
    if (!welcomed[0]) {
      if (in.size() < Integer.BYTES || in.size() < in.intAt(0)) {
        return;
      }
      welcomed[0] = true;
      in.clear();
      socket.send(ObligingServer.WELCOME);
      return;
    }
    in.clear();
    if (pieces.hasNext()) {
      socket.send(pieces.next());
    } else {
      socket.close();
    }
  }
}
