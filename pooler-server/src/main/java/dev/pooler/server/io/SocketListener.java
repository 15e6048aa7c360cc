package dev.pooler.server.io;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.FileMode;
import dev.pooler.core.config.ListenerConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.protocol.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One listening socket. A Unix socket's file is removed when it closes, if it is still ours. */
public final class SocketListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SocketListener.class);
  private static final int BACKLOG = 4096;

  /** Empty after each boot: directories there are made by systemd, or by who starts us. */
  private static final Path RUN = Path.of("/run");

  private final Channel channel;
  private final ListenerConfig config;
  private final @Nullable Object inode;

  private SocketListener(Channel channel, ListenerConfig config, @Nullable Object inode) {
    this.channel = channel;
    this.config = config;
    this.inode = inode;
  }

  /**
   * Binds.
   *
   * @param clients prepares each accepted channel, on its loop
   * @throws IOException if that can't be done; one line, naming the address and the remedy
   */
  public static SocketListener bind(
      ListenerConfig config, Transport transport, Consumer<Channel> clients) throws IOException {
    SocketAddress address = address(config.address(), transport);
    ServerBootstrap bootstrap =
        transport
            .listener(address)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel accepted) {
                    clients.accept(accepted);
                  }
                })
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT);
    if (config.address() instanceof TcpAddress) {
      bootstrap.option(ChannelOption.SO_REUSEADDR, true);
      bootstrap.childOption(ChannelOption.TCP_NODELAY, true);
      bootstrap.childOption(ChannelOption.SO_KEEPALIVE, true);
    }
    ChannelFuture bound = bootstrap.bind().awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "can't listen on " + config.address() + ": " + bound.cause().getMessage(), bound.cause());
    }
    return new SocketListener(bound.channel(), config, restrict(config));
  }

  // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
  private static SocketAddress address(Address address, Transport transport) throws IOException {
    if (address instanceof TcpAddress tcp) {
      return new InetSocketAddress(tcp.host(), tcp.port());
    }
    Path path = ((UnixAddress) address).path();
    removeStale(path);
    return transport.unixAddress(path);
  }

  /** Sets the socket file's mode and remembers which file it is. */
  private static @Nullable Object restrict(ListenerConfig config) throws IOException {
    if (!(config.address() instanceof UnixAddress unix)) {
      return null;
    }
    FileMode mode = config.mode();
    Files.setPosixFilePermissions(unix.path(), mode.permissions());
    return fileKey(unix.path());
  }

  /** A file that nobody listens on is left over from a process that died; any other is in use. */
  private static void removeStale(Path path) throws IOException {
    String trouble = trouble(path);
    if (trouble != null) {
      throw new IOException("can't listen on unix:" + path + ": " + trouble);
    }
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!isSocket(path)) {
      throw new IOException(
          "can't listen on unix:" + path + ": there is a file that is no socket; move it away");
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      LOG.info("removing the stale socket file {}", path);
      Files.delete(path);
      return;
    }
    throw new IOException(
        "can't listen on unix:" + path + ": another process does; stop it or use another path");
  }

  /** Why no socket can be in its directory, and the remedy; or null. */
  public static @Nullable String trouble(Path socket) {
    Path directory = socket.toAbsolutePath().getParent();
    if (directory == null || (Files.isDirectory(directory) && Files.isWritable(directory))) {
      return null;
    }
    return Files.isDirectory(directory)
        ? "this user may not write into the directory " + directory + "; give it the right to"
        : missing(directory);
  }

  private static String missing(Path directory) {
    String remedy = "the directory " + directory + " does not exist; mkdir -p " + directory;
    return directory.startsWith(RUN)
        ? remedy + ", or RuntimeDirectory=" + RUN.relativize(directory) + " in the systemd unit"
        : remedy;
  }

  private static boolean isSocket(Path path) throws IOException {
    // S_IFMT and S_IFSOCK of stat(2)
    int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return (mode & 0170000) == 0140000;
  }

  private static @Nullable Object fileKey(Path path) {
    try {
      return Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      return null;
    }
  }

  public ListenerConfig config() {
    return config;
  }

  /** The address in the words of the ready line, with the port that was really bound. */
  public String describe() {
    String where =
        channel.localAddress() instanceof InetSocketAddress inet
            ? new TcpAddress(inet.getHostString(), inet.getPort()).toString()
            : config.address().toString();
    return config.protocol().word() + " " + where;
  }

  /** Stops accepting; sessions go on. */
  @Override
  public void close() {
    channel.close().awaitUninterruptibly();
    if (config.address() instanceof UnixAddress unix
        && inode != null
        && inode.equals(fileKey(unix.path()))) {
      try {
        Files.deleteIfExists(unix.path());
      } catch (IOException e) {
        LOG.warn("can't remove the socket file {}: {}", unix.path(), e.getMessage());
      }
    }
  }
}
