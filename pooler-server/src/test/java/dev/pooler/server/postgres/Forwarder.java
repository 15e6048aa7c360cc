package dev.pooler.server.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** The same server at another address: its certificate doesn't name that one. */
final class Forwarder implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final Thread acceptor;

  private Forwarder(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
    this.acceptor = Thread.startVirtualThread(this::accept);
  }

  /** Forwards each connection to a free port of {@code host} to this port of 127.0.0.1. */
  static Forwarder to(String host, int target) throws IOException {
    return new Forwarder(new ServerSocket(0, 50, InetAddress.ofLiteral(host)), target);
  }

  /** As {@link #to}, at this port of {@code host}. */
  static Forwarder at(String host, int port, int target) throws IOException {
    return new Forwarder(new ServerSocket(port, 50, InetAddress.ofLiteral(host)), target);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        Thread.startVirtualThread(() -> copy(client, server));
        Thread.startVirtualThread(() -> copy(server, client));
      }
    } catch (IOException e) {
      // Closed: the end.
    }
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One side has closed, so both are.
    }
  }

  /**
   * Nothing happens to the connections there are, but there will be no others. A socket that is
   * closed while a thread accepts is open until that thread has noticed (JDK 25): it is waited for.
   */
  void acceptNoMore() throws IOException {
    listener.close();
    try {
      acceptor.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    acceptNoMore();
  }
}
