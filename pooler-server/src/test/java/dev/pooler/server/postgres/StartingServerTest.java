package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many clients in front of a server that is not up yet. */
@Timeout(60)
class StartingServerTest {
  private static final int CLIENTS = 30;

  /** Says that it starts, until it is opened: then it is the real server. */
  private static final class Gate implements AutoCloseable {
    private final ServerSocket listener;
    private final int target;
    private final AtomicInteger logins = new AtomicInteger();
    private volatile boolean open;

    Gate(int target) throws IOException {
      this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      this.target = target;
      Thread.startVirtualThread(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          Socket client = listener.accept();
          Thread.startVirtualThread(() -> serve(client));
        }
      } catch (IOException e) {
        // closed: the end
      }
    }

    private void serve(Socket client) {
      try (client) {
        if (open) {
          try (Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
            Thread.startVirtualThread(() -> copy(server, client));
            client.getInputStream().transferTo(server.getOutputStream());
          }
          return;
        }
        DataInputStream in = new DataInputStream(client.getInputStream());
        in.readNBytes(in.readInt() - 4);
        logins.incrementAndGet();
        String fields = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
        client
            .getOutputStream()
            .write(PgBytes.message('E', fields.getBytes(StandardCharsets.UTF_8)));
      } catch (IOException e) {
        // pooler has gone
      }
    }

    private static void copy(Socket from, Socket to) {
      try {
        from.getInputStream().transferTo(to.getOutputStream());
      } catch (IOException e) {
        // one side has closed
      }
    }

    PoolerFixture pooler(String maxWait) throws IOException {
      return PoolerFixture.start(
          SharedServer.get(),
          """
          databases:
            d: {hosts: ["127.0.0.1:%d"], database: postgres, user: postgres, tls: {mode: disable},
                pool: {size: 4, min-idle: 0, max-wait: %s}}
          """
              .formatted(listener.getLocalPort(), maxWait));
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static List<RawPgClient> clients(PoolerFixture pooler) throws IOException {
    List<RawPgClient> all = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      RawPgClient client = pooler.raw();
      client.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "d")));
      all.add(client);
    }
    return all;
  }

  private static void close(List<RawPgClient> clients) throws IOException {
    for (RawPgClient client : clients) {
      client.close();
    }
  }

  /** Needs 57P03 to be taken for a passing state: whoever waits goes on waiting. */
  @Test
  @Tag("case-50")
  void whoComesWhileTheServerStartsIsServedWhenItIsUp() throws Exception {
    try (Gate gate = new Gate(SharedServer.get().port());
        PoolerFixture pooler = gate.pooler("30s")) {
      List<RawPgClient> all = clients(pooler);
      PoolerFixture.await("it was asked some times", () -> gate.logins.get() >= 3);
      assertTrue(all.getFirst().quietFor(Duration.ofMillis(100)));
      gate.open = true;
      for (RawPgClient client : all) {
        client.readLogin();
        assertEquals("1", client.value("select 1"));
      }
      close(all);
    }
  }

  /** Needs to be asked of the pool: the server takes connections all the time. */
  @Test
  void readinessWaitsForAServerThatAdmitsClients() throws Exception {
    try (Gate gate = new Gate(SharedServer.get().port());
        PoolerFixture pooler = gate.pooler("30s")) {
      PoolerFixture.await("nobody has tried", () -> pooler.get("/ready").statusCode() == 200);
      assertEquals(1, pooler.metric("pooler_target_up", "database=\"d\""));
      try (RawPgClient client = pooler.raw()) {
        client.send(
            PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "d")));
        PoolerFixture.await("not ready", () -> pooler.get("/ready").statusCode() == 503);
        String why = pooler.get("/ready").body();
        assertTrue(why.contains("is starting up"), why);
        assertEquals(0, pooler.metric("pooler_target_up", "database=\"d\""));
        gate.open = true;
        client.readLogin();
        assertEquals(200, pooler.get("/ready").statusCode());
        assertEquals(1, pooler.metric("pooler_target_up", "database=\"d\""));
      }
    }
  }

  /** Needs one attempt at a time with a growing pause, and a client's wait to have its own end. */
  @Test
  @Tag("case-50")
  @Tag("case-100")
  void attemptsAreFewHoweverManyWaitAndEachIsToldWhatTheServerSaid() throws Exception {
    try (Gate gate = new Gate(SharedServer.get().port());
        PoolerFixture pooler = gate.pooler("1500ms")) {
      List<RawPgClient> all = clients(pooler);
      for (RawPgClient client : all) {
        List<PgMessage> said = client.readToEnd();
        assertEquals("E", RawPgClient.types(said), said::toString);
        assertTrue(said.getFirst().field('M').contains("is starting up"), said::toString);
      }
      assertTrue(gate.logins.get() <= 12, gate.logins + " attempts in about two seconds");
      close(all);
    }
  }
}
