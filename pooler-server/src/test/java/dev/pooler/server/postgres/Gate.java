package dev.pooler.server.postgres;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Between pooler and a server, in the clear: holds back queries and cancel requests, where a test
 * says so. The caller closes it.
 */
final class Gate implements AutoCloseable {
  private static final int CANCEL_REQUEST = 80_877_102;
  private static final long PATIENCE_SECONDS = 20;

  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final int target;
  private final BlockingQueue<Cancel> cancels = new LinkedBlockingQueue<>();
  private final Semaphore arrived = new Semaphore(0);
  private final Semaphore passes = new Semaphore(0);
  private volatile boolean holdsCancels;

  /** The next simple query with these words waits. */
  private volatile @Nullable String awaited;

  /** To this port of 127.0.0.1. */
  Gate(int target) throws IOException {
    this.target = target;
    Thread.startVirtualThread(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  // --- cancels ---------------------------------------------------------------------------------

  /** A request that has been held back. */
  static final class Cancel {
    private final Socket from;
    private final byte[] packet;
    private final int target;

    private Cancel(Socket from, byte[] packet, int target) {
      this.from = from;
      this.packet = packet;
      this.target = target;
    }

    /** Brings it to the server, and tells pooler when the server has taken it. */
    void deliver() throws IOException {
      deliverLate();
      from.close();
    }

    /** Brings it to the server, and tells nobody. */
    void deliverLate() throws IOException {
      try (Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
        server.getOutputStream().write(packet);
        server.getInputStream().transferTo(OutputStream.nullOutputStream());
      }
    }

    /** Its connection fails: whether it will come pooler can't know. */
    void fail() throws IOException {
      from.setSoLinger(true, 0);
      from.close();
    }
  }

  /** From now on, or no more. */
  void holdCancels(boolean holds) {
    holdsCancels = holds;
  }

  /** The next that pooler sends, or has sent. */
  Cancel cancel() throws InterruptedException {
    Cancel next = cancels.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no cancel has come");
    }
    return next;
  }

  // --- queries ---------------------------------------------------------------------------------

  /** The next simple query whose text has these words waits, and what stands behind it. */
  void holdQuery(String words) {
    awaited = words;
  }

  /** Returns when it is here. */
  void awaitQuery() throws InterruptedException {
    if (!arrived.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("no query with " + awaited);
    }
  }

  void letPass() {
    passes.release();
  }

  // --- connections -----------------------------------------------------------------------------

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Thread.startVirtualThread(() -> serve(client));
      }
    } catch (IOException e) {
      // closed: the end
    }
  }

  private void serve(Socket client) {
    try {
      DataInputStream in = new DataInputStream(client.getInputStream());
      int length = in.readInt();
      byte[] packet = ByteBuffer.allocate(length).putInt(length).array();
      in.readFully(packet, 4, length - 4);
      if (holdsCancels && ByteBuffer.wrap(packet).getInt(4) == CANCEL_REQUEST) {
        cancels.add(new Cancel(client, packet, target));
        return;
      }
      try (client;
          Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
        Thread back = Thread.startVirtualThread(() -> copy(server, client));
        server.getOutputStream().write(packet);
        pass(in, server.getOutputStream());
        server.shutdownOutput();
        back.join();
      }
    } catch (IOException | InterruptedException e) {
      closeQuietly(client); // one side has closed, so both are
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // it is
    }
  }

  /** Message by message, to the end. */
  private void pass(DataInputStream in, OutputStream out) throws IOException, InterruptedException {
    while (true) {
      int type = in.read();
      if (type < 0) {
        return;
      }
      int length = in.readInt();
      byte[] body = new byte[length - 4];
      in.readFully(body);
      String words = awaited;
      if (type == 'Q'
          && words != null
          && new String(body, StandardCharsets.UTF_8).contains(words)) {
        awaited = null;
        arrived.release();
        passes.acquire();
      }
      byte[] message =
          ByteBuffer.allocate(1 + length).put((byte) type).putInt(length).put(body).array();
      out.write(message);
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // as above
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    passes.release(100);
    for (Cancel left = cancels.poll(); left != null; left = cancels.poll()) {
      left.from.close();
    }
  }
}
