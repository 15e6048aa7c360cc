package dev.pooler.server.pools;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.Protocol;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether targets can be used, for {@code /ready} and {@code pooler_target_up}. Connects to each
 * every few seconds and closes again, for PostgreSQL logs nothing of a connection that says
 * nothing; what a connection doesn't tell, the pools do. Thread-safe.
 */
public final class TargetProbe implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TargetProbe.class);
  private static final int EVERY_SECONDS = 5;
  private static final int PATIENCE_MILLIS = 3_000;

  /** Told of the targets that are watched. */
  public interface Observer {
    /** From now on; with a way to ask whether it is up. */
    void watched(Target target, BooleanSupplier up);

    /** No more. */
    void unwatched(Target target);
  }

  /** A host of a database's entry. */
  public record Target(Protocol protocol, String database, Address address) {}

  private final ConcurrentHashMap<Address, Boolean> up = new ConcurrentHashMap<>();

  /** What each host name stood for when it was last looked up. */
  private final ConcurrentHashMap<Address, Set<InetAddress>> meant = new ConcurrentHashMap<>();

  /** Targets that a thread is looking at: a name server may be silent for longer than a tick. */
  private final Set<Address> underWay = ConcurrentHashMap.newKeySet();

  private final ScheduledExecutorService scheduler;
  private final Observer observer;
  private final Consumer<Address> moved;
  private final BiFunction<DatabaseConfig, Address, @Nullable String> pools;
  private volatile Map<Target, DatabaseConfig> watched = Map.of();
  private @Nullable ScheduledFuture<?> ticks;

  /**
   * Watches nothing yet.
   *
   * @param pools why a database can't use an address though it takes connections, or null
   * @param moved told of a target whose name stands for other addresses than before, none in common
   */
  public TargetProbe(
      ScheduledExecutorService scheduler,
      Observer observer,
      BiFunction<DatabaseConfig, Address, @Nullable String> pools,
      Consumer<Address> moved) {
    this.scheduler = scheduler;
    this.observer = observer;
    this.pools = pools;
    this.moved = moved;
  }

  /** Watches the targets of these databases and no others. */
  public synchronized void watch(Collection<DatabaseConfig> databases) {
    Map<Target, DatabaseConfig> before = watched;
    Map<Target, DatabaseConfig> now = new HashMap<>();
    for (DatabaseConfig database : databases) {
      for (Address host : database.hosts()) {
        now.put(new Target(database.protocol(), database.name(), host), database);
      }
    }
    watched = Map.copyOf(now);
    up.keySet().retainAll(addresses());
    before.keySet().stream().filter(old -> !now.containsKey(old)).forEach(observer::unwatched);
    now.keySet().stream()
        .filter(one -> !before.containsKey(one))
        .forEach(one -> observer.watched(one, () -> trouble(one) == null));
    if (ticks == null) {
      ticks = scheduler.scheduleWithFixedDelay(this::probeAll, 0, EVERY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void probeAll() {
    for (Address address : addresses()) {
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

  private Set<Address> addresses() {
    return watched.keySet().stream().map(Target::address).collect(Collectors.toSet());
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

  /** Why a target can't be used, or null. */
  private @Nullable String trouble(Target target) {
    DatabaseConfig database = watched.get(target);
    if (database == null || !Boolean.TRUE.equals(up.get(target.address()))) {
      return "can't be reached";
    }
    return pools.apply(database, target.address());
  }

  /** Why no client should be sent here, or null: at least one target can be used. */
  public @Nullable String notReady() {
    SortedSet<String> troubles = new TreeSet<>();
    for (Target target : watched.keySet()) {
      String trouble = trouble(target);
      if (trouble == null) {
        return null;
      }
      troubles.add(target.address() + " of " + target.database() + ": " + trouble);
    }
    return troubles.isEmpty() ? null : "no target can be used: " + String.join("; ", troubles);
  }

  @Override
  public synchronized void close() {
    if (ticks != null) {
      ticks.cancel(true);
    }
  }
}
