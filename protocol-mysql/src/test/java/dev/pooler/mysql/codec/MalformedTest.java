package dev.pooler.mysql.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import dev.pooler.core.wire.ProtocolViolation;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a hostile peer sends is read, or is a ProtocolViolation, and costs nothing. */
class MalformedTest {
  /** Cuts that leave another whole packet: an old auth switch, an error without an SQLSTATE. */
  private static final Set<String> WHOLE = Set.of("auth switch 1", "ERR 3");

  @Test
  void theSamplesAreRead() {
    for (Sample sample : Sample.ALL) {
      ByteBuf in = Unpooled.wrappedBuffer(sample.bytes());
      sample.reader().read(in, 0, in.readableBytes());
      assertEquals(0, in.readerIndex(), sample.name());
    }
  }

  @Test
  void whatIsCutOffIsAViolationThatNamesThePacket() {
    for (Sample sample : Sample.ALL) {
      byte[] bytes = sample.bytes();
      for (int cut = 0; cut < bytes.length; cut++) {
        String what = sample.name() + " " + cut;
        // behind the cut the buffer goes on, with bytes of which none may be looked at
        ByteBuf in = Unpooled.wrappedBuffer(Arrays.copyOf(bytes, bytes.length + 300));
        int end = cut;
        if (cut >= bytes.length - sample.optional() || WHOLE.contains(what)) {
          sample.reader().read(in, 0, end);
        } else {
          var violation =
              assertThrows(
                  ProtocolViolation.class, () -> sample.reader().read(in, 0, end), () -> what);
          assertTrue(String.valueOf(violation.getMessage()).length() > 3, what);
        }
      }
    }
  }

  @Test
  void garbageIsReadOrIsAViolation() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000); seed++) {
      Random random = new Random(seed);
      for (Sample sample : Sample.ALL) {
        byte[] bytes = new byte[random.nextInt(200)];
        random.nextBytes(bytes);
        readOrViolate(sample, bytes, seed);
        if (bytes.length > 0) {
          bytes[0] = sample.bytes()[0];
          readOrViolate(sample, bytes, seed);
        }
      }
    }
  }

  @Test
  void changedSamplesAreReadOrAreAViolation() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000); seed++) {
      Random random = new Random(seed);
      for (Sample sample : Sample.ALL) {
        byte[] bytes = sample.bytes();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
          int[] likely = {0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
          int value = random.nextBoolean() ? likely[random.nextInt(10)] : random.nextInt(256);
          bytes[random.nextInt(bytes.length)] = (byte) value;
        }
        readOrViolate(sample, bytes, seed);
      }
    }
  }

  private static void readOrViolate(Sample sample, byte[] bytes, int seed) {
    ByteBuf in = Unpooled.wrappedBuffer(bytes);
    try {
      sample.reader().read(in, 0, bytes.length);
    } catch (ProtocolViolation expected) {
      return;
    } catch (RuntimeException e) {
      fail(sample.name() + ", seed " + seed, e);
    }
  }

  @Test
  void lengthsThatNothingIsBehindAllocateNothing() {
    List<String> huge =
        List.of("fdffffff", "feffffff7f00000000", "feffffffffffffff7f", "fe" + "ff".repeat(8));
    for (String length : huge) {
      for (String start :
          List.of(
              "00 00 00 0240 0000 " + length,
              "00 00 00 0240 0000 00 " + length,
              "00 00 00 0240 0000 00 0a 00 " + length + "0000000000000000")) {
        cheap(
            start,
            (in, i, e) ->
                new OkPacket().read(in, i, e, Sample.TRACKED).changes(new SessionTrack()).next());
      }
      cheap("00 " + length, (in, i, e) -> new SessionTrack().begin(in, i, e).next());
      cheap("00 0a " + length + "00", (in, i, e) -> new SessionTrack().begin(in, i, e).next());
      cheap("03 " + length + " 01 00", (in, i, e) -> new QueryAttributes().textIndex(in, i, e));
      cheap("03 01 " + length + " 00", (in, i, e) -> new QueryAttributes().textIndex(in, i, e));
      cheap(
          "03 01 01 00 01 fe00 " + length, (in, i, e) -> new QueryAttributes().textIndex(in, i, e));
      cheap(
          "03 01 01 00 01 fe00 00 " + length,
          (in, i, e) -> new QueryAttributes().textIndex(in, i, e));
      cheap(
          "17 04000000 08 01000000 " + length + " 00",
          (in, i, e) -> new StmtExecute().read(in, i, e, Sample.ATTRIBUTES, 0));
      String user = "85a23e00 00000040 08 " + "00".repeat(23) + " 'u' 00 ";
      cheap(user + length, LoginRequest::decode);
      cheap(user + "00 'p' 00" + length, LoginRequest::decode);
      cheap(user + "00 'p' 00 09" + length, LoginRequest::decode);
    }
  }

  @Test
  void attributesAboveTheServersBoundAreAViolation() {
    String login = "85a21e00 00000040 08 " + "00".repeat(23) + " 'u' 00 00 'p' 00 fd";
    String largest = login + "ffff00" + "0161 fdf9ff00 " + "61".repeat(0xfff9);
    assertEquals(
        0xfff9, attributes(largest).toMap().getOrDefault("a", "").length(), "the largest is taken");
    String larger = login + "000001" + "0161 fdfaff00" + "61".repeat(0xfffa);
    assertThrows(ProtocolViolation.class, () -> attributes(larger));
  }

  @Test
  void theHotPathAllocatesNothing() {
    ByteBuf ok = Golden.buffer(Sample.TRACKED_OK);
    ByteBuf query = Golden.buffer(Sample.QUERY_WITH_ATTRIBUTES);
    ByteBuf execute = Golden.buffer(Sample.EXECUTE_WITH_ATTRIBUTES);
    OkPacket packet = new OkPacket();
    SessionTrack track = new SessionTrack();
    QueryAttributes attributes = new QueryAttributes();
    StmtExecute execution = new StmtExecute();
    byte[] autocommit = Golden.bytes("'autocommit'");
    long sum = 0;
    long before = 0;
    for (int round = 0; round < 20_000; round++) {
      if (round == 10_000) {
        before = allocated();
      }
      packet.read(ok, 0, ok.writerIndex(), Sample.TRACKED).changes(track);
      while (track.next()) {
        sum += track.nameIs(autocommit) ? track.valueLength() : track.type();
      }
      sum += attributes.textIndex(query, 0, query.writerIndex());
      sum += execution.read(execute, 0, execute.writerIndex(), Sample.ATTRIBUTES, 1).valuesIndex();
    }
    long cost = allocated() - before;
    assertTrue(sum > 0);
    assertTrue(cost < 10_000, cost + " bytes for 10,000 rounds");
  }

  private static ConnectAttributes attributes(String golden) {
    byte[] bytes = Golden.bytes(golden);
    return LoginRequest.decode(Unpooled.wrappedBuffer(bytes), 0, bytes.length).attributes();
  }

  private static void cheap(String golden, Sample.Reader reader) {
    ByteBuf in = Golden.buffer(golden);
    int end = in.writerIndex();
    for (int i = 0; i < 2; i++) { // the first time loads classes
      long before = allocated();
      assertThrows(ProtocolViolation.class, () -> reader.read(in, 0, end), () -> golden);
      long cost = allocated() - before;
      assertTrue(i == 0 || cost < 64 * 1024, () -> golden + " costs " + cost);
    }
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  @Test
  void aRequestWithoutTheProtocolOf41IsAViolation() {
    String old = "85a01e00 00000040 08 " + "00".repeat(23) + " 'u' 00 00 'p' 00 00";
    var violation = assertThrows(ProtocolViolation.class, () -> attributes(old));
    assertEquals("a login request: the client is older than MySQL 4.1", violation.getMessage());
  }
}
