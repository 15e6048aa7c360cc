package dev.pooler.testkit.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream socket without a kernel. It reads only when the simulation draws it and reading is on,
 * in chunks from one byte to all there is; it writes as much as the far end's buffer takes, and the
 * rest when that has been read. A far end that closes is noticed by the next read, or (as epoll
 * does) at once although reading is off.
 *
 * <p>The constructor without arguments is for a bootstrap that connects to a {@link
 * SimulatedAddress}.
 */
public final class SimulatedChannel extends AbstractChannel implements Actor {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);
  private static final int LARGEST_READ = 4096;

  private enum State {
    NEW,
    ACTIVE,
    CLOSED
  }

  private final ChannelConfig config = new DefaultChannelConfig(this);
  private @Nullable SimulatedSocket far;
  private String name = "channel";
  private State state = State.NEW;
  private boolean reading;
  private boolean noticesEndWhilePaused;
  private boolean blocked;

  public SimulatedChannel() {
    super(null);
  }

  /** A connection that {@code loop} has accepted; its pipeline is the caller's to fill first. */
  public static SimulatedChannel accepted(Simulation simulation, String name) {
    SimulatedChannel channel = new SimulatedChannel();
    channel.establish(simulation, name);
    return channel;
  }

  private SimulatedSocket establish(Simulation simulation, String as) {
    name = as;
    state = State.ACTIVE;
    noticesEndWhilePaused = simulation.onceIn(2);
    int capacity = simulation.oneOf(16, 100, 1000, 8192);
    SimulatedSocket socket = new SimulatedSocket(this, capacity);
    far = socket;
    config.setAllocator(simulation.allocator());
    int high = simulation.oneOf(64, 512, 4096, 64 * 1024);
    config.setWriteBufferWaterMark(new WriteBufferWaterMark(high / 2, high));
    simulation.add(this);
    return socket;
  }

  /** The script's end. */
  public SimulatedSocket far() {
    SimulatedSocket socket = far;
    if (socket == null) {
      throw new IllegalStateException("not connected");
    }
    return socket;
  }

  private Simulation simulation() {
    return ((SimulatedLoop) eventLoop()).simulation();
  }

  // --- drawn by the simulation ----------------------------------------------------------------

  @Override
  public boolean ready() {
    return canRead() || canWrite();
  }

  @Override
  public boolean over() {
    return state == State.CLOSED;
  }

  private boolean canRead() {
    SimulatedSocket socket = far;
    if (state != State.ACTIVE || socket == null || !isRegistered()) {
      return false;
    }
    boolean ends = socket.outputEnded;
    boolean listens = config.isAutoRead() ? reading : ends && noticesEndWhilePaused;
    return socket.reset || (listens && (ends || socket.toChannel.size() > 0));
  }

  private boolean canWrite() {
    SimulatedSocket socket = far;
    return blocked
        && state == State.ACTIVE
        && socket != null
        && isRegistered()
        && (socket.gone || socket.fromChannel.size() < socket.capacity);
  }

  @Override
  public void act() {
    SimulatedLoop loop = (SimulatedLoop) eventLoop();
    boolean read = canRead() && !(canWrite() && loop.simulation().onceIn(2));
    loop.run(read ? this::readSome : ((Pipe) unsafe())::writeRest);
  }

  private void readSome() {
    SimulatedSocket socket = far();
    if (socket.reset) {
      pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
      unsafe().close(voidPromise());
      return;
    }
    int reads = 1 + simulation().below(3);
    boolean end = false;
    for (int i = 0; i < reads && (i == 0 || config.isAutoRead()) && state == State.ACTIVE; i++) {
      int present = socket.toChannel.size();
      if (present == 0) {
        end = socket.outputEnded;
        break;
      }
      ByteBuf in = config.getAllocator().buffer(present);
      int length = chunk(Math.min(present, LARGEST_READ));
      socket.toChannel.moveTo(in, length);
      pipeline().fireChannelRead(in);
    }
    pipeline().fireChannelReadComplete();
    if (end) {
      simulation().trace(() -> name + " reads the end");
      unsafe().close(voidPromise());
    }
  }

  private int chunk(int present) {
    return switch (simulation().below(4)) {
      case 0 -> 1;
      case 1 -> 1 + simulation().below(Math.min(present, 8));
      case 2 -> 1 + simulation().below(present);
      default -> present;
    };
  }

  @Override
  protected void doBeginRead() {
    reading = true;
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer out) throws Exception {
    SimulatedSocket socket = far();
    blocked = false;
    while (out.current() instanceof ByteBuf first) {
      if (!first.isReadable()) {
        out.remove();
        continue;
      }
      if (socket.reset || socket.gone) {
        throw new IOException("Broken pipe");
      }
      int room = Math.min(socket.capacity - socket.fromChannel.size(), first.readableBytes());
      if (room <= 0) {
        blocked = true;
        return;
      }
      int length = simulation().onceIn(3) ? 1 + simulation().below(room) : room;
      socket.fromChannel.add(first, length);
      out.progress(length);
      if (!first.isReadable()) {
        out.remove();
      }
    }
  }

  @Override
  protected void doClose() {
    state = State.CLOSED;
    SimulatedSocket socket = far;
    if (socket != null) {
      socket.channelClosed = true;
      socket.cutOff = blocked;
      socket.toChannel.clear();
    }
  }

  /** What a socket's unsafe does beyond the common part. */
  private final class Pipe extends AbstractUnsafe {
    @Override
    protected void flush0() {
      if (!blocked) {
        super.flush0();
      }
    }

    void writeRest() {
      blocked = false;
      super.flush0();
    }

    @Override
    public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
      if (!promise.setUncancellable() || !ensureOpen(promise)) {
        return;
      }
      SimulatedAddress address = (SimulatedAddress) remote;
      long delay = address.simulation().below(50);
      eventLoop().schedule(() -> connected(address, promise), delay, TimeUnit.MILLISECONDS);
    }

    private void connected(SimulatedAddress address, ChannelPromise promise) {
      if (!ensureOpen(promise)) {
        return;
      }
      if (address.refuses()) {
        promise.tryFailure(new ConnectException("Connection refused"));
        closeIfClosed();
        close(voidPromise());
        return;
      }
      address.accept(establish(address.simulation(), address.nextName()));
      if (promise.trySuccess()) {
        pipeline().fireChannelActive();
      } else {
        close(voidPromise());
      }
    }
  }

  // --- the plain parts ------------------------------------------------------------------------

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Pipe();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop instanceof SimulatedLoop;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return null;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return null;
  }

  @Override
  protected void doBind(SocketAddress localAddress) {
    throw new UnsupportedOperationException("simulated channels connect or are accepted");
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return state != State.CLOSED;
  }

  @Override
  public boolean isActive() {
    return state == State.ACTIVE;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  public String toString() {
    SimulatedSocket socket = far;
    return socket == null
        ? name
        : "%s (auto-read %b, %d bytes to read, %d written, blocked %b, %d wait)"
            .formatted(
                name,
                config.isAutoRead(),
                socket.toChannel.size(),
                socket.fromChannel.size(),
                blocked,
                bytesBeforeWritable());
  }
}
