package dev.pooler.postgres.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** PostgreSQL's messages through the walker, with the verdicts that a backend gives. */
class PgFrameWalkTest {
  private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false, false);

  @AfterEach
  void noBufferIsLeft() {
    assertEquals(0, memory.metric().usedHeapMemory());
  }

  @Test
  void aReplyGivesTheSameHoweverItIsCut() {
    byte[] reply = reply("SELECT 1", 3);
    Replies whole = replay(reply);
    assertEquals(
        List.of("T 29", "D 22", "D 22", "D 22", "C 14", "S ours", "E bad", "Z I"), whole.told);
    for (int first = 0; first <= reply.length; first++) {
      for (int second = first; second <= reply.length; second++) {
        assertSame(whole, replay(reply, first, second), first + "," + second);
      }
    }
    int[] everywhere = new int[reply.length];
    Arrays.setAll(everywhere, i -> i);
    assertSame(whole, replay(reply, everywhere), "byte by byte");
  }

  @Test
  void longRepliesGiveTheSameAtSeededCuts() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000) / 4; seed++) {
      Random random = new Random(seed);
      byte[] reply = reply("SELECT " + seed, random.nextInt(200));
      int[] cuts = random.ints(random.nextInt(20), 0, reply.length + 1).sorted().toArray();
      assertSame(replay(reply), replay(reply, cuts), "seed " + seed);
    }
  }

  @Test
  void whatIsSwallowedIsLeftOutAndAllElsePassesUnchanged() {
    ByteBuf expected = Unpooled.buffer();
    ByteBuf all = Unpooled.wrappedBuffer(reply("SELECT 1", 1));
    int status = 29 + 22 + 14;
    int statusLength = 5 + "ours".length() + 1 + "yes".length() + 1;
    expected.writeBytes(all, 0, status);
    expected.writeBytes(all, status + statusLength, all.readableBytes() - status - statusLength);
    byte[] bytes = new byte[expected.readableBytes()];
    expected.readBytes(bytes);
    assertArrayEquals(bytes, replay(reply("SELECT 1", 1)).forwarded.toByteArray());
  }

  @Test
  void theLargestMessagesAreThoseOfTheServer() {
    assertEquals(10_001, frontend(Frontend.SYNC, 10_000));
    assertThrows(ProtocolViolation.class, () -> frontend(Frontend.SYNC, 10_001));
    assertEquals(0x3ffffffe + 1L, frontend(Frontend.QUERY, 0x3ffffffe));
    assertThrows(ProtocolViolation.class, () -> frontend(Frontend.QUERY, 0x3fffffff));
    assertThrows(ProtocolViolation.class, () -> frontend(Frontend.QUERY, -1));
    assertThrows(ProtocolViolation.class, () -> frontend(Frontend.QUERY, 3));
    assertEquals(5, frontend(Frontend.QUERY, 4));
  }

  @Test
  void aMessageTypeThatNoClientSendsIsAViolation() {
    for (int type = 0; type < 256; type++) {
      int letter = type;
      if ("QPBFdEDCSHcfX".indexOf(type) >= 0) {
        assertEquals(5, frontend(letter, 4));
      } else {
        assertThrows(ProtocolViolation.class, () -> frontend(letter, 4), () -> "type " + letter);
      }
    }
  }

  @Test
  void aTypeAboveSevenBitsIsNotNegative() {
    ByteBuf in = Unpooled.wrappedBuffer(new byte[] {(byte) 0xc0, 0, 0, 0, 4});
    assertEquals(0xc0, PgFrameFormat.BACKEND.type(in, 0));
  }

  @Test
  void anErrorThatClaimsAGigabyteHoldsItsFirstBytesOnly() {
    FrameWalker walker = new FrameWalker(PgFrameFormat.BACKEND, new Replies());
    ByteBuf claim = memory.heapBuffer(16).writeByte('E').writeInt(0x3ffffff0).writeByte('S');
    walker.walk(claim);
    claim.release();
    assertTrue(memory.metric().usedHeapMemory() <= 512);
    assertTrue(walker.midFrame());
    walker.close();
    assertFalse(walker.midFrame());
  }

  private static long frontend(int type, int length) {
    return PgFrameFormat.FRONTEND.length(Unpooled.buffer(5).writeByte(type).writeInt(length), 0);
  }

  /** RowDescription, rows, CommandComplete, ParameterStatus, ErrorResponse, ReadyForQuery. */
  private static byte[] reply(String tag, int rows) {
    ByteBuf out = Unpooled.buffer();
    out.writeByte(BackendType.ROW_DESCRIPTION).writeInt(28).writeShort(1).writeZero(22);
    for (int i = 0; i < rows; i++) {
      out.writeByte(BackendType.DATA_ROW).writeInt(21).writeShort(1).writeInt(11);
      out.writeZero(11);
    }
    out.writeByte(BackendType.COMMAND_COMPLETE).writeInt(5 + tag.length());
    out.writeBytes(tag.getBytes(java.nio.charset.StandardCharsets.US_ASCII)).writeByte(0);
    Messages.parameterStatus(out, "ours", "yes");
    Messages.error(out, SqlFailure.error("42601", 1064, "bad"));
    Messages.readyForQuery(out, 'I');
    byte[] bytes = new byte[out.readableBytes()];
    out.readBytes(bytes);
    return bytes;
  }

  private Replies replay(byte[] stream, int... cuts) {
    Replies seen = new Replies();
    FrameWalker walker = new FrameWalker(PgFrameFormat.BACKEND, seen);
    int from = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int to = i == cuts.length ? stream.length : cuts[i];
      ByteBuf piece = memory.heapBuffer(Math.max(1, to - from)).writeBytes(stream, from, to - from);
      walker.walk(piece);
      assertEquals(1, piece.refCnt());
      piece.release();
      from = to;
    }
    assertFalse(walker.midFrame());
    return seen;
  }

  private static void assertSame(Replies expected, Replies actual, String cuts) {
    assertEquals(expected.told, actual.told, cuts);
    assertArrayEquals(expected.forwarded.toByteArray(), actual.forwarded.toByteArray(), cuts);
  }

  /** Forwards all but ParameterStatus, and inspects as a backend does. */
  private static final class Replies implements FrameSink {
    final List<String> told = new ArrayList<>();
    final ByteArrayOutputStream forwarded = new ByteArrayOutputStream();

    @Override
    public Verdict header(int type, long length) {
      return switch (type) {
        case BackendType.READY_FOR_QUERY,
            BackendType.ERROR_RESPONSE,
            BackendType.PARAMETER_STATUS ->
            Verdict.INSPECT;
        default -> Verdict.FORWARD;
      };
    }

    @Override
    public int inspectLength(int type, long length) {
      return (int) Math.min(length, 512);
    }

    @Override
    public void passing(int type, long length) {
      told.add((char) type + " " + length);
    }

    @Override
    public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
      int body = index + PgFrameFormat.HEADER;
      told.add(
          (char) type
              + " "
              + switch (type) {
                case BackendType.READY_FOR_QUERY -> "" + (char) in.getByte(body);
                case BackendType.ERROR_RESPONSE ->
                    ErrorFields.read(in, body, index + available).message();
                default -> Strings.read(in, body, index + available);
              });
      return type == BackendType.PARAMETER_STATUS ? Verdict.DROP : Verdict.FORWARD;
    }

    @Override
    public void forward(ByteBuf in, int index, int length) {
      byte[] part = new byte[length];
      in.getBytes(index, part);
      forwarded.writeBytes(part);
    }
  }
}
