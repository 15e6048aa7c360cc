package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.RawPgClient;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that read slowly or send much: pooler's memory stays where it was. */
@Timeout(180)
@SuppressWarnings("NullAway.Init")
class SlowClientTest {
  /** What may be under way on both legs of a few sessions. */
  private static final long UNDER_WAY = 24L << 20;

  private PoolerFixture pooler;
  private long before;

  @BeforeEach
  void start() throws Exception {
    pooler = PoolerFixture.ofPoolSize(SharedServer.get(), 2);
    try (RawPgClient warm = pooler.session("postgres")) {
      warm.query("select repeat('x', 100000)");
    }
    before = directMemory();
  }

  @AfterEach
  void stop() throws Exception {
    pooler.close();
  }

  private static long directMemory() {
    return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
  }

  private void memoryIsBounded() {
    long more = directMemory() - before;
    assertTrue(more < UNDER_WAY, "bytes more than at rest: " + more);
  }

  @Test
  @Tag("case-52")
  @Tag("case-53")
  void whoDoesNotReadStopsOnlyItsOwnBackend() throws Exception {
    try (RawPgClient slow = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres");
        RawPgClient observer = SharedServer.direct()) {
      slow.send(PgBytes.query("select repeat('x', 1048565) from generate_series(1, 1024)"));
      PoolerFixture.await(
          "the server waits for us",
          () ->
              "1"
                  .equals(
                      observer.value(
                          "select count(*) from pg_stat_activity where wait_event = 'ClientWrite'")));
      memoryIsBounded();
      for (int i = 0; i < 50; i++) {
        assertEquals("1", other.value("select 1"));
      }
      slow.timeout(Duration.ofSeconds(60));
      assertEquals('T', slow.read().type());
      for (int row = 0; row < 1024; row++) {
        assertEquals(1048565 + 6, slow.read().body().length);
        if (row % 100 == 0) {
          memoryIsBounded();
        }
      }
      assertEquals("CZ", RawPgClient.types(slow.readUntil('Z')));
    }
  }

  @Test
  @Tag("case-52")
  void whoAsksAndNeverReadsIsNotReadEither() throws Exception {
    ByteBuffer request = ByteBuffer.wrap(PgBytes.query("select repeat('x', 50000)"));
    try (RawPgClient deaf = pooler.session("postgres");
        RawPgClient other = pooler.session("postgres")) {
      int sent = 0;
      int refused = 0;
      while (refused < 40) {
        assertTrue(sent < 60_000, "it is read for ever");
        int taken = deaf.trySend(request);
        if (!request.hasRemaining()) {
          sent++;
          request.rewind();
        }
        refused = taken == 0 ? refused + 1 : 0;
        if (taken == 0) {
          LockSupport.parkNanos(10_000_000);
        }
        memoryIsBounded();
      }
      assertEquals("1", other.value("select 1"));
      for (int i = 0; i < sent; i++) {
        assertEquals("TDCZ", RawPgClient.types(deaf.readUntil('Z')));
      }
    }
  }

  @Test
  void aParameterOf200MegabytesPassesThrough() throws Exception {
    try (Connection jdbc = pooler.jdbc("postgres");
        PreparedStatement statement = jdbc.prepareStatement("select length(?::bytea)")) {
      int size = 200 << 20;
      statement.setBinaryStream(1, new Watched(size, this::memoryIsBounded), size);
      try (ResultSet rows = statement.executeQuery()) {
        assertTrue(rows.next());
        assertEquals(size, rows.getInt(1));
      }
      memoryIsBounded();
    }
  }

  @Test
  @Tag("case-40")
  void aRowOf100MegabytesPassesThrough() throws Exception {
    // Over TCP: junixsocket copies the whole array for each read into it.
    try (Connection jdbc =
            DriverManager.getConnection(pooler.tcpUrl("postgres") + "?user=postgres");
        ResultSet rows =
            jdbc.createStatement().executeQuery("select repeat('x', 100000000)::bytea")) {
      assertTrue(rows.next());
      memoryIsBounded();
      assertEquals(100_000_000, rows.getBytes(1).length);
    }
  }

  @Test
  @Tag("case-51")
  void twoFullPipesDoNotWaitForEachOther() throws Exception {
    int statements = 4000;
    byte[] statement = PgBytes.query("select repeat('y', 20000) /* " + "x".repeat(20_000) + " */");
    try (SocketChannel channel = SocketChannel.open(pooler.unix());
        ExecutorService threads = Executors.newFixedThreadPool(1)) {
      write(
          channel,
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "postgres")));
      Future<Integer> readies = threads.submit(() -> readies(channel, statements + 1));
      for (int i = 0; i < statements; i++) {
        write(channel, statement);
      }
      assertEquals(statements + 1, readies.get());
    }
  }

  private static void write(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  private static int readies(SocketChannel channel, int wanted) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(1 << 20);
    int found = 0;
    while (found < wanted && channel.read(in) >= 0) {
      in.flip();
      while (in.remaining() >= 5 && in.remaining() > in.getInt(in.position() + 1)) {
        found += in.get(in.position()) == 'Z' ? 1 : 0;
        in.position(in.position() + 1 + in.getInt(in.position() + 1));
      }
      in.compact();
    }
    return found;
  }

  /** So many bytes; looks around at each megabyte. */
  private static final class Watched extends InputStream {
    private final int size;
    private final Runnable look;
    private int at;

    Watched(int size, Runnable look) {
      this.size = size;
      this.look = look;
    }

    @Override
    public int read() {
      return at++ < size ? 'z' : -1;
    }

    @Override
    public int read(byte[] into, int off, int len) {
      if (at >= size) {
        return -1;
      }
      int count = Math.min(len, size - at);
      if ((at + count) >> 20 > at >> 20) {
        look.run();
      }
      at += count;
      return count;
    }
  }
}
