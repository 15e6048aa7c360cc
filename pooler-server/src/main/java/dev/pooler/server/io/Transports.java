package dev.pooler.server.io;

import dev.pooler.core.config.IoConfig;
import dev.pooler.core.protocol.Transport;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses io_uring, epoll or NIO, and starts the event loops. */
public final class Transports {
  private static final Logger LOG = LoggerFactory.getLogger(Transports.class);

  private Transports() {}

  /**
   * Starts the transport that the configuration asks for.
   *
   * @throws IOException if it asks for one that does not work here; the text says why
   */
  public static Transport start(IoConfig io) throws IOException {
    int loops = loops(io);
    Transport transport =
        switch (io.transport()) {
          case AUTO -> Epoll.isAvailable() ? epoll(loops) : nio(loops);
          case IO_URING -> {
            require("io_uring", IoUring.unavailabilityCause());
            yield ioUring(loops);
          }
          case EPOLL -> {
            require("epoll", Epoll.unavailabilityCause());
            yield epoll(loops);
          }
          case NIO -> nio(loops);
        };
    LOG.info("transport {} with {} event loop{}", transport.name(), loops, loops == 1 ? "" : "s");
    return transport;
  }

  /**
   * io_uring gets one: a backend's channel that moves to another loop of it no longer reads (Netty
   * 4.2.18), and clients would wait for ever.
   */
  private static int loops(IoConfig io) {
    int loops = io.eventLoops() > 0 ? io.eventLoops() : defaultLoops();
    if (io.transport() == dev.pooler.core.config.Transport.IO_URING && loops > 1) {
      LOG.warn("io.event-loops: {} with io_uring is not possible yet; taking 1", loops);
      return 1;
    }
    return loops;
  }

  /** One up to two processors, then half of them: the database beside us wants the others. */
  static int defaultLoops() {
    return Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
  }

  private static void require(String name, @Nullable Throwable cause) throws IOException {
    if (cause != null) {
      Throwable root = cause.getCause() == null ? cause : cause.getCause();
      throw new IOException(
          "io.transport: " + name + " does not work here: " + root.getMessage(), cause);
    }
  }

  private static Transport ioUring(int loops) {
    return new Transport(
        "io_uring",
        group(loops, IoUringIoHandler.newFactory()),
        IoUringDomainSocketChannel.class,
        IoUringSocketChannel.class,
        IoUringServerDomainSocketChannel.class,
        IoUringServerSocketChannel.class,
        false,
        Transports::peerUid);
  }

  private static Transport epoll(int loops) {
    return new Transport(
        "epoll",
        group(loops, EpollIoHandler.newFactory()),
        EpollDomainSocketChannel.class,
        EpollSocketChannel.class,
        EpollServerDomainSocketChannel.class,
        EpollServerSocketChannel.class,
        false,
        Transports::peerUid);
  }

  private static Transport nio(int loops) {
    return new Transport(
        "nio",
        group(loops, NioIoHandler.newFactory()),
        NioDomainSocketChannel.class,
        NioSocketChannel.class,
        NioServerDomainSocketChannel.class,
        NioServerSocketChannel.class,
        true,
        JdkPeer::uid);
  }

  private static EventLoopGroup group(int loops, IoHandlerFactory factory) {
    return new MultiThreadIoEventLoopGroup(loops, new DefaultThreadFactory("pooler-loop"), factory);
  }

  private static int peerUid(Channel channel) {
    try {
      // No pattern switch: what it generates at run time is in no AOT cache.
      if (channel instanceof EpollDomainSocketChannel epoll) {
        return epoll.peerCredentials().uid();
      }
      return channel instanceof IoUringDomainSocketChannel uring
          ? uring.peerCredentials().uid()
          : Transport.UNKNOWN_UID;
    } catch (IOException e) {
      LOG.warn("the kernel does not tell who the peer is: {}", e.getMessage());
      return Transport.UNKNOWN_UID;
    }
  }
}
