package dev.pooler.server.postgres;

import dev.pooler.testkit.wire.PgBytes;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A server that lets everybody in and answers HikariCP's look at a new connection, but no
 * statement: it says what the test makes it say. The caller closes it.
 */
final class SilentServer implements AutoCloseable {
  private static final byte[] READY = PgBytes.message('Z', new byte[] {'I'});

  private static final byte[] LOGIN =
      PgBytes.joined(PgBytes.message('R', new byte[4]), PgBytes.message('K', new byte[8]), READY);

  private final ServerSocket listener = new ServerSocket(0, 20, InetAddress.getLoopbackAddress());
  private volatile byte[] answer;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  SilentServer() throws IOException {
    this(new byte[0]);
  }

  /**
   * @param answer what a statement is answered with
   */
  SilentServer(byte[] answer) throws IOException {
    this.answer = answer;
    Thread.ofVirtual().start(this::accept);
  }

  PoolerFixture pooler(String timeouts) throws IOException {
    return PoolerFixture.start(
        SharedServer.get(),
        """
        databases:
          d: {hosts: ["127.0.0.1:%d"], user: any, tls: {mode: disable}, pool: {min-idle: 0, size: 1},
              timeouts: {%s}}
        """
            .formatted(listener.getLocalPort(), timeouts));
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    sockets.add(socket);
    try (socket) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      if (in.readInt() == 16 && in.readInt() == 80_877_102) {
        return; // a cancel request: it has no effect here
      }
      in.readNBytes(in.available());
      out.write(LOGIN);
      while (true) {
        int type = in.readUnsignedByte();
        byte[] body = in.readNBytes(in.readInt() - 4);
        if (type == 'S') {
          out.write(READY);
        } else if (type == 'Q' && body.length > 16) {
          out.write(answer);
        }
      }
    } catch (IOException e) {
      // pooler has gone
    }
  }

  /** What statements are answered with from now on. */
  void answers(byte[] next) {
    answer = next;
  }

  /** Connections that are open. */
  long connections() {
    return sockets.stream().filter(socket -> !socket.isClosed()).count();
  }

  /** Says something on all its connections, asked or not. */
  void say(byte[] bytes) throws IOException {
    for (Socket socket : sockets) {
      if (!socket.isClosed()) {
        socket.getOutputStream().write(bytes);
      }
    }
  }

  /** The server goes down. */
  void closeAll() throws IOException {
    close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
