package dev.pooler.mysql.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** MySQL's packets through the walker, as payloads. */
class PacketWalkTest {
  private static final int FULL = PacketFormat.LARGEST_PAYLOAD;

  private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false, false);

  @AfterEach
  void noBufferIsLeft() {
    assertEquals(0, memory.metric().usedHeapMemory());
  }

  @Test
  void commandsAreTheSameHoweverTheyAreCut() {
    byte[] stream = commands();
    List<String> whole = walk(stream);
    assertEquals(List.of("0 COM_QUERY 9", "0 COM_PING 1", "1 empty", "0 COM_INIT_DB 5"), whole);
    for (int first = 0; first <= stream.length; first++) {
      for (int second = first; second <= stream.length; second++) {
        assertEquals(whole, walk(stream, first, second), first + "," + second);
      }
    }
    int[] everywhere = new int[stream.length];
    Arrays.setAll(everywhere, i -> i);
    assertEquals(whole, walk(stream, everywhere), "byte by byte");
  }

  @Test
  @Tag("mysql-case-88")
  void aPayloadOfSixteenMegabytesGoesOnInPacketsThatAreNoCommands() {
    // what follows the full packets begins with 0x01, which would be COM_QUIT, or is empty
    for (int full = 1; full <= 2; full++) {
      for (int rest : new int[] {0, 1, 100}) {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < full; i++) {
          expected.add(i == 0 ? "0 COM_QUERY " + FULL : i + " more");
        }
        expected.add(full + " more");
        expected.add("0 COM_PING 1");
        byte[] stream = large(full, rest);
        assertEquals(expected, walk(stream));
        int[] cuts = new Random(full + rest).ints(9, 0, stream.length + 1).sorted().toArray();
        assertEquals(expected, walk(stream, cuts));
      }
    }
    assertFalse(PacketFormat.continues(4 + FULL - 1));
    assertTrue(PacketFormat.continues(4 + FULL));
    assertEquals(FULL, PacketFormat.payload(4 + FULL));
  }

  @Test
  @Tag("mysql-case-88")
  void aPayloadsLengthIsThatOfAllItsPackets() {
    PayloadSequence sequence = new PayloadSequence();
    sequence.passed(0, 4 + FULL);
    assertFalse(sequence.begins());
    sequence.passed(1, 4 + FULL);
    sequence.passed(2, 4);
    assertTrue(sequence.begins());
    assertEquals(2L * FULL, sequence.payload());
    sequence.passed(3, 4 + 7);
    assertEquals(7, sequence.payload());
  }

  @Test
  @Tag("mysql-case-89")
  void sequenceIdsCountOnAndBeginAgainBehind255() {
    PayloadSequence sequence = new PayloadSequence();
    sequence.restart(1);
    for (int i = 1; i < 1000; i++) {
      assertEquals(i % 256, sequence.next());
      sequence.passed(i % 256, 5);
    }
    sequence.restart(0);
    sequence.passed(0, 5);
    for (int wrong : new int[] {0, 2, 255}) {
      var violation = assertThrows(ProtocolViolation.class, () -> sequence.passed(wrong, 5));
      assertEquals(
          "packets out of order: sequence id " + wrong + " instead of 1", violation.getMessage());
    }
    sequence.restart(256 + 3);
    assertEquals(3, sequence.next());
  }

  private static byte[] commands() {
    ByteBuf out = UnpooledByteBufAllocator.DEFAULT.heapBuffer();
    int query = PacketWriter.begin(out, 0);
    Commands.query(out, "SELECT 1", 0);
    PacketWriter.end(out, query);
    int ping = PacketWriter.begin(out, 0);
    Commands.bare(out, Command.PING);
    PacketWriter.end(out, ping);
    PacketWriter.end(out, PacketWriter.begin(out, 1)); // the end of a local file
    int schema = PacketWriter.begin(out, 0);
    Commands.initDb(out, "shop");
    PacketWriter.end(out, schema);
    byte[] bytes = ByteBufUtil.getBytes(out);
    out.release();
    return bytes;
  }

  /** A query of so many full packets and one that is not, then a ping. */
  private static byte[] large(int full, int rest) {
    byte[] bytes = new byte[full * (4 + FULL) + 4 + rest + 5];
    Arrays.fill(bytes, (byte) 1);
    int at = 0;
    for (int i = 0; i <= full; i++) {
      int length = i < full ? FULL : rest;
      at = header(bytes, at, length, i);
      if (i == 0) {
        bytes[at] = Command.QUERY;
      }
      at += length;
    }
    at = header(bytes, at, 1, 0);
    bytes[at] = Command.PING;
    return bytes;
  }

  private static int header(byte[] bytes, int at, int length, int sequenceId) {
    bytes[at] = (byte) length;
    bytes[at + 1] = (byte) (length >> 8);
    bytes[at + 2] = (byte) (length >> 16);
    bytes[at + 3] = (byte) sequenceId;
    return at + 4;
  }

  private List<String> walk(byte[] stream, int... cuts) {
    Told told = new Told();
    FrameWalker walker = new FrameWalker(PacketFormat.PACKET, told);
    int from = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int to = i == cuts.length ? stream.length : cuts[i];
      ByteBuf piece = memory.heapBuffer(Math.max(1, to - from)).writeBytes(stream, from, to - from);
      walker.walk(piece);
      piece.release();
      from = to;
    }
    assertFalse(walker.midFrame());
    assertEquals(stream.length, told.forwarded);
    return told.packets;
  }

  /** Looks at the command where there is one, as a client's side does. */
  private static final class Told implements FrameSink {
    final List<String> packets = new ArrayList<>();
    final PayloadSequence sequence = new PayloadSequence();
    long forwarded;

    @Override
    public Verdict header(int type, long length) {
      return sequence.begins() && PacketFormat.payload(length) > 0
          ? Verdict.INSPECT
          : Verdict.FORWARD;
    }

    @Override
    public int inspectLength(int type, long length) {
      return PacketFormat.HEADER + 1;
    }

    @Override
    public void passing(int type, long length) {
      packets.add(type + (sequence.begins() ? " empty" : " more"));
      passed(type, length);
    }

    @Override
    public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
      int command = in.getUnsignedByte(index + PacketFormat.HEADER);
      packets.add(type + " " + Command.name(command) + " " + PacketFormat.payload(length));
      passed(type, length);
      return Verdict.FORWARD;
    }

    private void passed(int type, long length) {
      if (sequence.begins()) {
        sequence.restart(type);
      }
      sequence.passed(type, length);
    }

    @Override
    public void forward(ByteBuf in, int index, int length) {
      forwarded += length;
    }
  }
}
