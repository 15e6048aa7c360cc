package dev.pooler.core.protocol;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Looks host names up away from the event loops: the JDK's lookup blocks for as long as the
 * system's resolver likes, which is half a minute and more where a name server is silent. One
 * lookup of a name at a time; who asks meanwhile waits for the same answer. Thread-safe.
 */
public final class HostLookup {
  /** What blocks. */
  @FunctionalInterface
  public interface Resolver {
    InetAddress resolve(String host) throws UnknownHostException;
  }

  private final Resolver resolver;
  private final ConcurrentHashMap<String, CompletableFuture<InetAddress>> underWay =
      new ConcurrentHashMap<>();

  public HostLookup(Resolver resolver) {
    this.resolver = resolver;
  }

  /** The JDK's, with its cache. */
  public static HostLookup ofSystem() {
    return new HostLookup(InetAddress::getByName);
  }

  /**
   * Where to connect to: {@code address} itself, or if that is an unresolved name, its address.
   * Completes at once for what is no name, else on another thread.
   *
   * @param patience after which it fails, though the lookup may go on
   * @return fails with {@link UnknownHostException}
   */
  public CompletionStage<SocketAddress> resolve(SocketAddress address, Duration patience) {
    if (!(address instanceof InetSocketAddress inet) || !inet.isUnresolved()) {
      return CompletableFuture.completedFuture(address);
    }
    String host = inet.getHostString();
    if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
      return CompletableFuture.completedFuture(
          new InetSocketAddress(InetAddress.ofLiteral(host), inet.getPort()));
    }
    CompletableFuture<SocketAddress> answer = new CompletableFuture<>();
    lookup(host)
        .whenComplete((found, failure) -> {
          if (failure == null) {
            answer.complete(new InetSocketAddress(found, inet.getPort()));
          } else {
            answer.completeExceptionally(failure);
          }
        });
    if (!answer.isDone()) {
      CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)
          .execute(() -> answer.completeExceptionally(tooLate(host, patience)));
    }
    return answer;
  }

  private static UnknownHostException tooLate(String host, Duration patience) {
    return new UnknownHostException(
        host + ": no name server has answered in " + patience.toMillis() + " ms");
  }

  private CompletableFuture<InetAddress> lookup(String host) {
    CompletableFuture<InetAddress> mine = new CompletableFuture<>();
    CompletableFuture<InetAddress> theirs = underWay.putIfAbsent(host, mine);
    if (theirs != null) {
      return theirs;
    }
    Thread.ofVirtual()
        .name("pooler-lookup")
        .start(() -> {
          try {
            mine.complete(resolver.resolve(host));
          } catch (UnknownHostException | RuntimeException e) {
            mine.completeExceptionally(e);
          } finally {
            underWay.remove(host, mine);
          }
        });
    return mine;
  }
}
