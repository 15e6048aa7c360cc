package dev.pooler.core.protocol;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;

/**
 * How this process does I/O: io_uring, epoll or NIO, chosen once at start, with the event loops
 * that carry all clients and backends.
 *
 * @param name the word in the log
 * @param javaAddresses Unix addresses are the JDK's, not Netty's native ones
 * @param peerUid who is at the other end of a Unix socket (SO_PEERCRED)
 */
public record Transport(
    String name,
    EventLoopGroup loops,
    Class<? extends Channel> unixClient,
    Class<? extends Channel> tcpClient,
    Class<? extends ServerChannel> unixServer,
    Class<? extends ServerChannel> tcpServer,
    boolean javaAddresses,
    ToIntFunction<Channel> peerUid) {

  /** What {@code peerUid} says where the kernel told nothing: no process has it. */
  public static final int UNKNOWN_UID = -2;

  private static final Duration QUIT = Duration.ofSeconds(1);

  /** The event loops, in the group's order. */
  public List<EventLoop> eventLoops() {
    List<EventLoop> all = new ArrayList<>();
    loops.forEach(loop -> all.add((EventLoop) loop));
    return all;
  }

  /** For outgoing connections to {@code address}, on {@code loop}. */
  public Bootstrap connector(SocketAddress address, EventLoop loop) {
    return new Bootstrap()
        .group(loop)
        .channel(isUnix(address) ? unixClient : tcpClient)
        .remoteAddress(address);
  }

  /** For a listening socket; every accepted channel gets one of the loops. */
  public ServerBootstrap listener(SocketAddress address) {
    return new ServerBootstrap()
        .group(loops)
        .channel(isUnix(address) ? unixServer : tcpServer)
        .localAddress(address);
  }

  /**
   * Closes every channel that is open and ends the loops; blocks, two seconds at most.
   *
   * <p>A loop that is told to shut down while it runs tasks looks for what to close only if it
   * turns once more, which with a quiet period of zero, or nothing left to do, it does not (Netty
   * 4.2.18): connections would stay open without anybody to close them. A hook makes it turn.
   */
  public void close() {
    for (EventExecutor loop : loops) {
      if (loop instanceof SingleThreadEventExecutor executor) {
        executor.addShutdownHook(() -> {});
      }
    }
    loops
        .shutdownGracefully(1, QUIT.toNanos(), TimeUnit.NANOSECONDS)
        .awaitUninterruptibly(2 * QUIT.toMillis());
  }

  /** A Unix socket's address, as this transport wants it. */
  public SocketAddress unixAddress(Path path) {
    return javaAddresses
        ? UnixDomainSocketAddress.of(path)
        : new DomainSocketAddress(path.toString());
  }

  public static boolean isUnix(SocketAddress address) {
    return address instanceof DomainSocketAddress || address instanceof UnixDomainSocketAddress;
  }
}
