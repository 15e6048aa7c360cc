package dev.pooler.mysql.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients with fewer capabilities read of what a backend has sent. */
class ResponseRewriterTest {
  private static final long BOTH = Capabilities.DEPRECATE_EOF | Capabilities.SESSION_TRACK;
  private static final long NEW = Capabilities.PROTOCOL_41 | BOTH;
  private static final long OLD = NEW & ~BOTH;
  private static final long NO_EOF = NEW & ~Capabilities.DEPRECATE_EOF;
  private static final long NO_TRACK = NEW & ~Capabilities.SESSION_TRACK;
  private static final int AUTOCOMMIT = Packets.AUTOCOMMIT;
  private static final int MORE = Packets.MORE;

  @Test
  @Tag("mysql-case-91")
  @Tag("mysql-case-92")
  void eofsStandBehindColumnsAndRows() {
    rewritten(
        Command.QUERY,
        end(new Packets().count(2).definitions(2).textRow("a", null).textRow("b", "c"), 3),
        new Packets()
            .count(2)
            .definitions(2)
            .eof(AUTOCOMMIT)
            .textRow("a", null)
            .textRow("b", "c")
            .eof(3));
    rewritten(
        Command.QUERY,
        end(new Packets().count(1).definitions(1), 3),
        new Packets().count(1).definitions(1).eof(3).eof(3));
    rewritten(
        Command.STMT_EXECUTE,
        end(new Packets().count(1).definitions(1).binaryRow("a").binaryRow("b"), 2),
        new Packets().count(1).definitions(1).eof(2).binaryRow("a").binaryRow("b").eof(2));
  }

  @Test
  void warningsAreToldAtTheEnd() {
    rewritten(
        Command.QUERY,
        new Packets().count(1).definitions(1).textRow("a").ok(0xfe, 0, 0, 2, 9, ""),
        new Packets().count(1).definitions(1).eof(2).textRow("a").eof(2, 9));
  }

  @Test
  void anEofStandsBehindEachListOfAPreparedStatement() {
    rewritten(
        Command.STMT_PREPARE,
        new Packets().prepared(1, 2, 1).definitions(3),
        new Packets()
            .prepared(1, 2, 1)
            .definitions(1)
            .eof(2)
            .definition("c1")
            .definition("c2")
            .eof(2),
        new Packets().prepared(1, 2, 1).definition("c0").definition("c1").definition("c2"));
    rewritten(
        Command.STMT_PREPARE,
        new Packets().prepared(1, 0, 2).definitions(2),
        new Packets().prepared(1, 0, 2).definitions(2).eof(2));
    rewritten(
        Command.STMT_PREPARE,
        new Packets().prepared(1, 1, 0).definitions(1),
        new Packets().prepared(1, 1, 0).definitions(1).eof(2));
    rewritten(
        Command.STMT_PREPARE, new Packets().prepared(1, 0, 0), new Packets().prepared(1, 0, 0));
  }

  @Test
  void anEofStandsInThePlaceOfDefinitionsThatAreLeftOut() {
    long capabilities = Capabilities.OPTIONAL_RESULTSET_METADATA;
    same(
        NEW | capabilities,
        OLD | capabilities,
        Command.STMT_PREPARE,
        new Packets().prepared(1, 2, 1, 0),
        new Packets().prepared(1, 2, 1, 0).eof(2).eof(2));
    same(
        NEW | capabilities,
        OLD | capabilities,
        Command.QUERY,
        end(new Packets().count(2, 0).textRow("a", "b"), 2),
        new Packets().count(2, 0).eof(2).textRow("a", "b").eof(2));
  }

  @Test
  @Tag("mysql-case-82")
  void anEofStandsInThePlaceOfColumnsThatTheClientHasSeen() {
    same(
        NEW | Capabilities.CACHE_METADATA,
        OLD | Capabilities.CACHE_METADATA,
        Command.STMT_EXECUTE,
        end(new Packets().count(1, 0).binaryRow("a"), 2),
        new Packets().count(1, 0).eof(2).binaryRow("a").eof(2));
  }

  @Test
  @Tag("mysql-case-77")
  void aCursorHasOneEof() {
    rewritten(
        Command.STMT_EXECUTE,
        end(new Packets().count(1).definitions(1), AUTOCOMMIT | Packets.CURSOR),
        new Packets().count(1).definitions(1).eof(AUTOCOMMIT | Packets.CURSOR));
    rewritten(
        Command.STMT_FETCH,
        end(new Packets().binaryRow("a"), AUTOCOMMIT | Packets.LAST_ROW),
        new Packets().binaryRow("a").eof(AUTOCOMMIT | Packets.LAST_ROW));
  }

  @Test
  @Tag("mysql-case-94")
  void outParametersAreToldInFrontOfTheirRow() {
    int out = AUTOCOMMIT | MORE | Packets.OUT;
    rewritten(
        Command.STMT_EXECUTE,
        end(new Packets().count(1).definitions(1).binaryRow("o"), out).ok(AUTOCOMMIT),
        new Packets().count(1).definitions(1).eof(out).binaryRow("o").eof(out).ok(AUTOCOMMIT));
  }

  @Test
  @Tag("mysql-case-94")
  void aFirstRowThatIsTooLargeToBeKeptIsPassedAsItComes() {
    String large = "o".repeat(MyResponse.LARGEST_FIRST_ROW);
    int out = AUTOCOMMIT | MORE | Packets.OUT;
    byte[] answer =
        end(new Packets().count(1).definitions(1).binaryRow(large), out).ok(2).toBytes();
    var walk = ResponseWalk.of(NEW, OLD, Command.STMT_EXECUTE, answer);
    assertArrayEquals(
        new Packets().count(1).definitions(1).eof(2).binaryRow(large).eof(out).ok(2).toBytes(),
        walk.client());
    assertTrue(walk.largestInspected < 200);
  }

  @Test
  @Tag("mysql-case-83")
  void anErrInThePlaceOfRowsStandsBehindTheEof() {
    rewritten(
        Command.STMT_EXECUTE,
        new Packets().count(1).definitions(1).err(1242, "no"),
        new Packets().count(1).definitions(1).eof(2).err(1242, "no"));
    rewritten(
        Command.STMT_EXECUTE,
        new Packets().count(1).definitions(1).binaryRow("a").err(1242, "no"),
        new Packets().count(1).definitions(1).eof(2).binaryRow("a").err(1242, "no"));
    rewritten(
        Command.QUERY,
        new Packets().count(2).definitions(1).err(1242, "no"),
        new Packets().count(2).definitions(1).err(1242, "no"));
  }

  @Test
  @Tag("mysql-case-93")
  void eachResultOfAChainIsRewritten() {
    var answer = end(new Packets().count(1).definitions(1).textRow("a"), 2 | MORE);
    answer = end(answer.count(1).definitions(1).textRow("b"), 2 | MORE).ok(2);
    rewritten(
        Command.QUERY,
        answer,
        new Packets()
            .count(1)
            .definitions(1)
            .eof(2)
            .textRow("a")
            .eof(2 | MORE)
            .count(1)
            .definitions(1)
            .eof(2)
            .textRow("b")
            .eof(2 | MORE)
            .ok(2));
  }

  @Test
  @Tag("mysql-case-96")
  void anOkInThePlaceOfAnEofBecomesOne() {
    rewritten(Command.SET_OPTION, end(new Packets(), 2), new Packets().eof(2));
    rewritten(
        Command.FIELD_LIST,
        end(new Packets().definitions(2), 2),
        new Packets().definitions(2).eof(2));
    rewritten(Command.SET_OPTION, new Packets().ok(2), new Packets().ok(2));
  }

  @Test
  @Tag("mysql-case-91")
  void aTrueEofStaysOne() {
    rewritten(
        Command.QUERY,
        new Packets().count(1).definitions(1).textRow("a").eof(2 | MORE).ok(2),
        new Packets().count(1).definitions(1).eof(2).textRow("a").eof(2 | MORE).ok(2));
  }

  @Test
  @Tag("mysql-case-88")
  @Tag("mysql-case-89")
  void packetsThatGoOnAreNumberedAnewToo() {
    byte[] row = new byte[2 * 0xffffff];
    row[1] = 1;
    byte[] answer =
        end(new Packets().count(1).definitions(1).payload(row).textRow("b"), 2).toBytes();
    for (int command : new int[] {Command.QUERY, Command.STMT_EXECUTE}) {
      var walk = ResponseWalk.of(NEW, OLD, command, answer, 50, 0xffffff, 0xffffff + 80);
      assertArrayEquals(
          new Packets().count(1).definitions(1).eof(2).payload(row).textRow("b").eof(2).toBytes(),
          walk.client());
    }
  }

  @Test
  @Tag("mysql-case-89")
  void numbersWrap() {
    var answer = new Packets().count(1).definitions(1);
    var expected = new Packets().count(1).definitions(1).eof(2);
    for (int i = 0; i < 600; i++) {
      answer.textRow("r" + i);
      expected.textRow("r" + i);
    }
    var walk = ResponseWalk.of(NEW, OLD, Command.QUERY, end(answer, 2).toBytes());
    assertArrayEquals(expected.eof(2).toBytes(), walk.client());
  }

  @Test
  @Tag("mysql-case-95")
  void aFilesPacketsAreNumberedBack() {
    try (var walk = new ResponseWalk(NEW, OLD)) {
      walk.rewriter.begin(Command.QUERY, 1);
      var first = end(new Packets().count(1).definitions(1).textRow("a"), 2 | MORE);
      walk.walk(first.fileRequest("f").toBytes());
      assertEquals(7, walk.clientSequence());
      assertEquals(6, walk.rewriter.backendSequence(7));
      walk.file(7, 100);
      walk.walk(new Packets(8).ok(2).toBytes());
      assertEquals(10, walk.clientSequence());
      assertTrue(walk.response.over());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 200, 70_000})
  @Tag("mysql-case-19")
  @Tag("mysql-case-20")
  void withoutSessionTrackAnOkDoesNotTellWhatChanged(int length) {
    byte[] changes = new byte[length];
    Arrays.fill(changes, (byte) 0xfe);
    for (String info : List.of("", "Records: 2", "x".repeat(300))) {
      for (long client : new long[] {OLD, NO_TRACK}) {
        same(
            NEW,
            client,
            Command.QUERY,
            new Packets().okChanged(0, 2 | MORE, info, changes).ok(0, 5, 6, 3, 0, info),
            new Packets().ok(0, 3, 70_000, 2 | MORE, 1, info).ok(0, 5, 6, 3, 0, info));
      }
    }
    same(
        NEW,
        NO_TRACK,
        Command.SET_OPTION,
        new Packets().okChanged(0xfe, 2, "", changes),
        new Packets().ok(0xfe, 3, 70_000, 2, 1, ""));
    same(
        NEW,
        OLD,
        Command.SET_OPTION,
        new Packets().okChanged(0xfe, 2, "", changes),
        new Packets().eof(2, 1));
    same(
        NEW,
        NO_EOF,
        Command.QUERY,
        new Packets().okChanged(0, 2, "", changes),
        new Packets().okChanged(0, 2, "", changes));
  }

  @Test
  @Tag("mysql-case-20")
  void anInfoLongerThanItsOkIsRefused() {
    byte[] ok = {0, 0, 0, 2, 0x40, 0, 0, 9, 'x'};
    byte[] answer = new Packets().payload(ok).toBytes();
    assertThrows(
        ProtocolViolation.class, () -> ResponseWalk.of(NEW, NO_TRACK, Command.QUERY, answer));
  }

  @Test
  void progressKeepsItsPlace() {
    long progress = Capabilities.PROGRESS;
    same(
        NEW | progress,
        OLD | progress,
        Command.STMT_EXECUTE,
        end(new Packets().progress().count(1).definitions(1).progress(), 2 | Packets.CURSOR),
        new Packets().progress().count(1).definitions(1).progress().eof(2 | Packets.CURSOR));
    same(
        NEW | progress,
        OLD | progress,
        Command.STMT_EXECUTE,
        end(new Packets().count(1).definitions(1).binaryRow("a").progress(), 2),
        new Packets().count(1).definitions(1).eof(2).binaryRow("a").progress().eof(2));
  }

  @Test
  void theEofBehindColumnsHasWhatIsKnown() {
    try (var walk = new ResponseWalk(NEW, OLD)) {
      walk.status.reported(3 | 0x200 | MORE | Packets.CHANGED);
      walk.rewriter.begin(Command.QUERY, 1);
      walk.walk(end(new Packets().count(1).definitions(1).textRow("a"), 2).toBytes());
      assertArrayEquals(
          new Packets().count(1).definitions(1).eof(3 | 0x200).textRow("a").eof(2).toBytes(),
          walk.client());
    }
  }

  @Test
  void equalLegsAreLeftAlone() {
    for (long capabilities : new long[] {NEW, OLD}) {
      try (var walk = new ResponseWalk(capabilities, capabilities)) {
        assertFalse(walk.rewriter.active());
      }
    }
  }

  @Test
  @Tag("mysql-case-92")
  void aClientHasNoneThatTheBackendLacks() {
    assertThrows(IllegalArgumentException.class, () -> new ResponseWalk(OLD, NEW));
    assertThrows(IllegalArgumentException.class, () -> new ResponseWalk(NO_EOF, NEW));
  }

  @Test
  @Tag("mysql-case-91")
  @Tag("mysql-case-92")
  void aReferenceClientReadsTheSameFromEachLeg() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000); seed++) {
      var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      var answer = new RandomAnswer(random);
      var expected =
          ReferenceReader.read(
              answer.capabilities, answer.command, answer.whole(), answer.filePackets());
      List<String> roles = null;
      for (long without :
          new long[] {0, Capabilities.DEPRECATE_EOF, Capabilities.SESSION_TRACK, BOTH}) {
        long client = answer.capabilities & ~without;
        String name = "seed " + seed + " without " + Capabilities.names(without);
        try (var walk = new ResponseWalk(answer.capabilities, client)) {
          walk.rewriter.begin(answer.command, 1);
          for (int turn = 0; turn < answer.turns.size(); turn++) {
            if (turn > 0) {
              walk.file(walk.clientSequence(), answer.files.get(turn - 1));
            }
            byte[] bytes = answer.turns.get(turn);
            walk.walk(bytes, cuts(random, bytes.length));
          }
          assertTrue(walk.response.over(), name);
          assertFalse(walk.midFrame(), name);
          assertEquals(
              expected,
              ReferenceReader.read(client, answer.command, walk.client(), answer.filePackets()),
              name);
          assertTrue(roles == null || roles.equals(walk.told), name);
          roles = walk.told;
          if (without == 0) {
            assertArrayEquals(answer.whole(), walk.client(), name);
          }
        } catch (AssertionError | ProtocolViolation e) {
          throw new AssertionError(name + ": " + e.getMessage(), e);
        }
      }
    }
  }

  @Test
  void rowsAllocateNothing() {
    byte[] bytes = new Packets(0).textRow("a", "b").toBytes();
    var memory = ManagementFactory.getPlatformMXBean(com.sun.management.ThreadMXBean.class);
    try (var walk = new ResponseWalk(NEW, OLD)) {
      walk.rewriter.begin(Command.QUERY, 1);
      walk.walk(new Packets().count(2).definitions(2).textRow("a", "b").toBytes());
      ByteBuf row = Unpooled.wrappedBuffer(bytes);
      ByteBuf front = Unpooled.buffer();
      long before = memory.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 100_000; i++) {
        row.setByte(3, 5 + i);
        PacketRole role = walk.response.packet(row, 0, bytes.length, 5);
        walk.rewriter.packet(role, row, 0, bytes.length, front);
      }
      long allocated = memory.getCurrentThreadAllocatedBytes() - before;
      assertTrue(allocated < 100_000, () -> allocated + " bytes");
      assertFalse(front.isReadable());
      assertEquals((5 + 99_999 + 1) & 0xff, row.getUnsignedByte(3)); // one EOF in front
    }
  }

  private static int[] cuts(RandomGenerator random, int length) {
    return random.ints(random.nextInt(12), 0, length + 1).sorted().toArray();
  }

  private static Packets end(Packets packets, int status) {
    return packets.ok(0xfe, 0, 0, status, 0, "");
  }

  /** A client without either reads this; one of three variants is enough for the cuts. */
  private static void rewritten(int command, Packets backend, Packets client, Packets... same) {
    same(NEW, OLD, command, backend, client);
    same(NEW, NO_EOF, command, backend, client);
    for (Packets other : same) {
      assertArrayEquals(backend.toBytes(), other.toBytes());
    }
  }

  private static void same(
      long backendHas, long clientHas, int command, Packets backend, Packets client) {
    byte[] answer = backend.toBytes();
    byte[] expected = client.toBytes();
    assertArrayEquals(expected, ResponseWalk.of(backendHas, clientHas, command, answer).client());
    for (int cut = 0; cut <= answer.length; cut += answer.length > 3000 ? 97 : 1) {
      assertArrayEquals(
          expected,
          ResponseWalk.of(backendHas, clientHas, command, answer, cut).client(),
          "cut at " + cut);
    }
    if (answer.length < 3000) {
      int[] everywhere = new int[answer.length];
      Arrays.setAll(everywhere, i -> i);
      assertArrayEquals(
          expected, ResponseWalk.of(backendHas, clientHas, command, answer, everywhere).client());
    }
  }
}
