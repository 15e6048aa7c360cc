package dev.pooler.server.pools;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import dev.pooler.core.protocol.OwnTrouble;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects to each target every few seconds and closes again, for {@code /ready} and {@code
 * pooler_target_up}: PostgreSQL logs nothing of a connection that says nothing. Thread-safe.
 */
public final class TargetProbe implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TargetProbe.class);
  private static final int EVERY_SECONDS = 5;
  private static final int PATIENCE_MILLIS = 3_000;

  /** Told of each target when it is first seen, with a way to ask whether it is up. */
  public interface Observer {
    void target(DatabaseConfig database, String address, java.util.function.BooleanSupplier up);
  }

  private final ConcurrentHashMap<Address, Boolean> up = new ConcurrentHashMap<>();

  /** What each host name stood for when it was last looked up. */
  private final ConcurrentHashMap<Address, Set<InetAddress>> meant = new ConcurrentHashMap<>();

  /** Targets that a thread is looking at: a name server may be silent for longer than a tick. */
  private final Set<Address> underWay = ConcurrentHashMap.newKeySet();

  private final ScheduledExecutorService scheduler;
  private final Observer observer;
  private final Consumer<Address> moved;
  private final Set<Address> announced = ConcurrentHashMap.newKeySet();
  private volatile Set<Address> watched = Set.of();
  private @Nullable ScheduledFuture<?> ticks;

  /**
   * Watches nothing yet.
   *
   * @param moved told of a target whose name stands for other addresses than before, none in common
   */
  public TargetProbe(
      ScheduledExecutorService scheduler, Observer observer, Consumer<Address> moved) {
    this.scheduler = scheduler;
    this.observer = observer;
    this.moved = moved;
  }

  /** Watches the targets of these databases and no others. */
  public synchronized void watch(Collection<DatabaseConfig> databases) {
    Map<Address, DatabaseConfig> first =
        databases.stream()
            .flatMap(database -> database.hosts().stream().map(host -> Map.entry(host, database)))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a));
    watched = Set.copyOf(first.keySet());
    up.keySet().retainAll(watched);
    first.forEach((address, database) -> {
      if (announced.add(address)) {
        observer.target(database, address.toString(), () -> Boolean.TRUE.equals(up.get(address)));
      }
    });
    if (ticks == null) {
      ticks = scheduler.scheduleWithFixedDelay(this::probeAll, 0, EVERY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void probeAll() {
    for (Address address : watched) {
      if (underWay.add(address)) {
        Thread.ofVirtual()
            .name("pooler-probe")
            .start(() -> {
              try {
                probe(address);
              } finally {
                underWay.remove(address);
              }
            });
      }
    }
  }

  private void probe(Address address) {
    String trouble = null;
    try {
      lookUp(address);
      connect(address);
    } catch (IOException | RuntimeException e) {
      String own = OwnTrouble.of(e);
      if (own != null) {
        LOG.warn("target {} can't be looked at: {}", address, own);
        return; // which says nothing of the target
      }
      trouble = String.valueOf(e.getMessage());
    }
    Boolean before = up.put(address, trouble == null);
    if (trouble != null && !Boolean.FALSE.equals(before)) {
      LOG.warn("target {} can't be reached: {}", address, trouble);
    } else if (trouble == null && Boolean.FALSE.equals(before)) {
      LOG.info("target {} is reached again", address);
    }
  }

  private void lookUp(Address address) throws IOException {
    if (address instanceof TcpAddress tcp) {
      Set<InetAddress> now = Set.copyOf(List.of(InetAddress.getAllByName(tcp.host())));
      Set<InetAddress> before = meant.put(address, now);
      if (before != null && Collections.disjoint(before, now)) {
        LOG.info("target {} has moved from {} to {}", address, before, now);
        moved.accept(address);
      }
    }
  }

  private static void connect(Address address) throws IOException {
    // No pattern switch on the way of a start: an AOT cache can't hold what it generates.
    if (address instanceof TcpAddress tcp) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(tcp.host(), tcp.port()), PATIENCE_MILLIS);
      }
    } else {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(((UnixAddress) address).path()));
      }
    }
  }

  /** Why no client should be sent here, or null: at least one target is up. */
  public @Nullable String notReady() {
    Set<Address> all = watched;
    if (all.isEmpty() || all.stream().anyMatch(address -> Boolean.TRUE.equals(up.get(address)))) {
      return null;
    }
    return "no target can be reached: "
        + all.stream().map(Address::toString).sorted().collect(Collectors.joining(", "));
  }

  @Override
  public synchronized void close() {
    if (ticks != null) {
      ticks.cancel(true);
    }
  }
}
