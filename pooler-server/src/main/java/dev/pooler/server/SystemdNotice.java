package dev.pooler.server;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how we are (sd_notify(3)), where NOTIFY_SOCKET is set. The JDK has no datagram Unix
 * sockets, Netty's native part has; nothing of it is loaded without NOTIFY_SOCKET. A notice that
 * can't be sent is logged, never an error.
 */
final class SystemdNotice {
  private static final Logger LOG = LoggerFactory.getLogger(SystemdNotice.class);
  private final @Nullable String path;

  /**
   * Prepares notices.
   *
   * @param path NOTIFY_SOCKET's value, or null
   */
  SystemdNotice(@Nullable String path) {
    this.path = path == null || path.isEmpty() ? null : path;
  }

  void ready() {
    send("READY=1");
  }

  /**
   * To be followed by {@link #ready}. MONOTONIC_USEC is for Type=notify-reload; nanoTime is that
   * clock on Linux.
   */
  void reloading() {
    send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1000);
  }

  void stopping() {
    send("STOPPING=1");
  }

  private void send(String state) {
    if (path == null) {
      return;
    }
    if (!Epoll.isAvailable()) {
      LOG.warn("systemd is not told {}: no native transport here", state);
      return;
    }
    byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    Socket socket = Socket.newSocketDomainDgram();
    try {
      socket.sendToDomainSocket(buffer, 0, bytes.length, address(path));
    } catch (IOException e) {
      LOG.warn("systemd is not told {} at {}: {}", state, path, e.getMessage());
    } finally {
      close(socket);
    }
  }

  /** A leading @ stands for the NUL of the abstract name space. */
  private static byte[] address(String path) {
    byte[] address = path.getBytes(StandardCharsets.UTF_8);
    if (address[0] == '@') {
      address[0] = 0;
    }
    return address;
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("notice socket: {}", e.toString());
    }
  }
}
