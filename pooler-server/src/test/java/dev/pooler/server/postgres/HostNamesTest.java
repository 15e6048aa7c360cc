package dev.pooler.server.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.testkit.server.EmbeddedPostgres;
import dev.pooler.testkit.wire.PgBytes;
import dev.pooler.testkit.wire.PgMessage;
import dev.pooler.testkit.wire.RawPgClient;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Targets with names; the JDK takes a file for the name server. */
@Timeout(120)
class HostNamesTest {
  @TempDir Path directory;

  private SocketAddress socket() {
    return UnixDomainSocketAddress.of(directory.resolve("s"));
  }

  private PoolerProcess start(String databases, Path hosts) throws IOException {
    String listen =
        """
        listen: [{address: "unix:%s", auth: trust}]
        http: {address: "127.0.0.1:%d"}
        io: {event-loops: 1}
        databases:
        """
            .formatted(directory.resolve("s"), PoolerFixture.freePort());
    return PoolerProcess.start(
        Files.writeString(directory.resolve("p.yaml"), listen + databases),
        "-Djdk.net.hosts.file=" + hosts,
        // Opening the file holds its carrier; a lookup by the system's resolver does not.
        "-Djdk.virtualThreadScheduler.parallelism=4",
        "-Dsun.net.inetaddr.ttl=0");
  }

  /** Needs names to be looked up on no event loop, and a limit that the JDK's lookup has not. */
  @Test
  @Tag("case-101")
  void aSilentNameServerKeepsNobodyElseWaiting() throws Exception {
    Path silent = directory.resolve("hosts");
    // Who opens a pipe that nobody writes to waits.
    assertEquals(0, new ProcessBuilder("mkfifo", silent.toString()).start().waitFor());
    String databases =
        """
          postgres: {hosts: ["unix:%s"], user: postgres, pool: {size: 1, min-idle: 0}}
          named:
            hosts: ["db.test:%d"]
            user: postgres
            pool: {size: 1, min-idle: 0, max-wait: 2s}
            timeouts: {connect: 1s}
        """
            .formatted(SharedServer.get().socket(), SharedServer.get().port());
    try (PoolerProcess pooler = start(databases, silent);
        RawPgClient other = RawPgClient.session(socket(), "postgres", "postgres");
        RawPgClient named = RawPgClient.connect(socket())) {
      named.send(
          PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", "postgres", "database", "named")));
      PoolerFixture.await(
          "the lookup is given up: " + pooler.log(),
          () -> {
            assertEquals("1", other.value("select 1"));
            return pooler.hasLogged("no name server has answered in 1000 ms");
          });
      List<PgMessage> said = named.readToEnd();
      assertEquals("E", RawPgClient.types(said), said::toString);
      assertTrue(said.getFirst().field('M').contains("name server"), said::toString);
    }
  }

  /** Needs somebody to look whether the name still means the same, and leases to end there. */
  @Test
  @Tag("case-101")
  void whereANameMovesToItsBackendsFollowWithTheirNextLease() throws Exception {
    Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 db.test\n");
    try (EmbeddedPostgres first = EmbeddedPostgres.started();
        EmbeddedPostgres second = EmbeddedPostgres.started();
        Forwarder moved = Forwarder.at("127.0.0.2", first.port(), second.port())) {
      String databases =
          "  d: {hosts: [\"db.test:%d\"], database: postgres, user: postgres, pool: {min-idle: 0}}\n"
              .formatted(moved.port());
      try (PoolerProcess pooler = start(databases, hosts);
          RawPgClient a = RawPgClient.session(socket(), "postgres", "d");
          RawPgClient busy = RawPgClient.session(socket(), "postgres", "d")) {
        busy.query("begin");
        assertEquals("" + first.port(), busy.value("show port"));
        assertEquals("" + first.port(), a.value("show port"));
        Files.writeString(hosts, "127.0.0.2 db.test\n");
        PoolerFixture.await(
            "idle backends follow: " + pooler.log(),
            () -> ("" + second.port()).equals(a.value("show port")));
        assertEquals("" + first.port(), busy.value("show port"), "a transaction ends there");
        busy.query("commit");
        assertEquals("" + second.port(), busy.value("show port"));
      }
    }
  }
}
