package dev.pooler.core.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Names, and what is none; a name server that answers late. */
@Timeout(20)
class HostLookupTest {
  private static final Duration LONG = Duration.ofSeconds(15);
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch answered = new CountDownLatch(1);

  private final HostLookup lookup =
      new HostLookup(host -> {
        asked.incrementAndGet();
        if (host.startsWith("late")) {
          await();
        } else if (!host.startsWith("db")) {
          throw new UnknownHostException(host);
        }
        return InetAddress.ofLiteral("10.0.0.7");
      });

  private void await() {
    try {
      answered.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletableFuture<SocketAddress> resolve(String host, Duration patience) {
    return lookup
        .resolve(InetSocketAddress.createUnresolved(host, 5432), patience)
        .toCompletableFuture();
  }

  @Test
  void whatIsNoNameIsNotLookedUp() throws Exception {
    SocketAddress unix = UnixDomainSocketAddress.of("/run/s");
    assertSame(unix, lookup.resolve(unix, LONG).toCompletableFuture().get());
    for (String literal : new String[] {"127.0.0.1", "::1", "fe80::1"}) {
      assertEquals(new InetSocketAddress(literal, 5432), resolve(literal, LONG).get());
    }
    assertEquals(0, asked.get());
  }

  @Test
  void aNameHasItsAddressAndAnUnknownOneItsError() throws Exception {
    assertEquals(new InetSocketAddress("10.0.0.7", 5432), resolve("db.test", LONG).get());
    CompletableFuture<SocketAddress> unknown = resolve("nowhere", LONG);
    ExecutionException told = assertThrows(ExecutionException.class, unknown::get);
    assertInstanceOf(UnknownHostException.class, told.getCause());
  }

  /** Needs a limit of our own, and one lookup for all who ask meanwhile. */
  @Test
  @Tag("case-101")
  void aLateAnswerIsNotWaitedForAndAskedForOnce() throws Exception {
    CompletableFuture<SocketAddress> first = resolve("late.test", Duration.ofMillis(50));
    CompletableFuture<SocketAddress> second = resolve("late.test", LONG);
    ExecutionException told = assertThrows(ExecutionException.class, first::get);
    assertTrue(String.valueOf(told.getMessage()).contains("in 50 ms"), told::toString);
    assertFalse(second.isDone());
    answered.countDown();
    assertEquals(new InetSocketAddress("10.0.0.7", 5432), second.get());
    assertEquals(1, asked.get());
  }
}
