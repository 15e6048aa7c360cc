package dev.pooler.core.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrameWalkerTest {
  private static final byte[] EACH_KIND =
      stream(
          frame('F', "row"),
          frame('D', "chatter"),
          frame('I', "ready"),
          frame('J', "swallowed"),
          frame('P', "long text"),
          frame('Q', "long and dropped"),
          frame('F', ""),
          frame('D', ""),
          frame('I', ""),
          frame('J', ""),
          frame('P', ""),
          frame('Q', "x"),
          frame('F', "last"));

  /** Frames that pass, in order. */
  private static final byte[] PASSED =
      stream(
          frame('F', "row"),
          frame('I', "ready"),
          frame('P', "long text"),
          frame('F', ""),
          frame('I', ""),
          frame('P', ""),
          frame('F', "last"));

  private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false, false);
  private final ToySink sink = new ToySink();
  private final FrameWalker walker = new FrameWalker(new ToyFormat(), sink);

  @AfterEach
  void noBufferIsLeft() {
    walker.close();
    assertEquals(0, memory.metric().usedHeapMemory() + memory.metric().usedDirectMemory());
  }

  @Test
  void eachFrameGetsItsVerdictOnceAndPassesOrNot() {
    walk(EACH_KIND);
    assertArrayEquals(PASSED, sink.forwarded.toByteArray());
    assertEquals(
        List.of(
            "passing F 8",
            "passing D 12",
            "inspect I 10 ready",
            "inspect J 14 swallowed",
            "inspect P 14 l",
            "inspect Q 21 l",
            "passing F 5",
            "passing D 5",
            "inspect I 5 ",
            "inspect J 5 ",
            "inspect P 5 ",
            "inspect Q 6 x",
            "passing F 9"),
        sink.effects);
    assertFalse(walker.midFrame());
  }

  @Test
  void everySplitPointGivesTheSame() {
    ToySink whole = replay(EACH_KIND);
    for (int cut = 0; cut <= EACH_KIND.length; cut++) {
      assertSame(whole, replay(EACH_KIND, cut), "cut at " + cut);
    }
  }

  @Test
  void everyPairOfSplitPointsGivesTheSame() {
    ToySink whole = replay(EACH_KIND);
    for (int first = 0; first <= EACH_KIND.length; first++) {
      for (int second = first; second <= EACH_KIND.length; second++) {
        assertSame(whole, replay(EACH_KIND, first, second), "cuts at " + first + "," + second);
      }
    }
  }

  @Test
  void byteByByteGivesTheSame() {
    int[] everywhere = new int[EACH_KIND.length];
    Arrays.setAll(everywhere, i -> i);
    assertSame(replay(EACH_KIND), replay(EACH_KIND, everywhere), "byte by byte");
  }

  @Test
  void randomStreamsCutAtRandomGiveTheSame() {
    for (int seed = 0; seed < Integer.getInteger("seeds", 2000); seed++) {
      Random random = new Random(seed);
      byte[] stream = randomStream(random);
      int[] cuts = random.ints(random.nextInt(12), 0, stream.length + 1).sorted().toArray();
      assertSame(replay(stream), replay(stream, cuts), "seed " + seed);
    }
  }

  @Test
  void framesThatPassTogetherAreForwardedAsOneRun() {
    byte[] rows = stream(frame('F', "one"), frame('I', "two"), frame('F', "three"));
    int[] runs = {0};
    FrameWalker counting =
        new FrameWalker(
            new ToyFormat(),
            new ForwardOnly() {
              @Override
              public void forward(ByteBuf in, int index, int length) {
                runs[0]++;
                assertEquals(rows.length, length);
              }
            });
    counting.walk(Unpooled.wrappedBuffer(rows));
    assertEquals(1, runs[0]);
  }

  @Test
  void aFrameThatHasNotFullyArrivedIsForwardedAsItComes() {
    byte[] frame = frame('F', "0123456789");
    walk(Arrays.copyOf(frame, 8));
    assertEquals(3, sink.forwarded.size() - ToyFormat.HEADER);
    assertTrue(walker.midFrame());
    assertTrue(walker.midForward());
    assertEquals(7, walker.remaining());
    walk(Arrays.copyOfRange(frame, 8, frame.length));
    assertArrayEquals(frame, sink.forwarded.toByteArray());
    assertFalse(walker.midForward());
  }

  @Test
  void aFrameThatIsSkippedIsNotMidForward() {
    walk(Arrays.copyOf(frame('D', "0123456789"), 8));
    assertTrue(walker.midFrame());
    assertFalse(walker.midForward());
  }

  @Test
  void anInspectedFramePassesAsSoonAsItIsDecided() {
    byte[] frame = frame('P', "abcdef");
    walk(Arrays.copyOf(frame, ToyFormat.HEADER));
    assertEquals(0, sink.forwarded.size());
    walk(new byte[] {frame[5], frame[6]});
    assertEquals(ToyFormat.HEADER + 2, sink.forwarded.size());
    assertEquals(List.of("inspect P 11 a"), sink.effects);
  }

  @Test
  void aHeldStartCanBeTakenAndWalkedByAnother() {
    byte[] frame = frame('I', "abcdef");
    walk(stream(frame('F', "x"), Arrays.copyOf(frame, 9)));
    ByteBuf start = walker.takeHeld();
    assertNotNull(start);
    assertFalse(walker.midFrame());
    assertNull(walker.takeHeld());
    ToySink other = new ToySink();
    FrameWalker second = new FrameWalker(new ToyFormat(), other);
    second.walk(start);
    start.release();
    ByteBuf rest = copy(Arrays.copyOfRange(frame, 9, frame.length));
    second.walk(rest);
    rest.release();
    assertEquals(List.of("inspect I 11 abcdef"), other.effects);
    assertArrayEquals(frame, other.forwarded.toByteArray());
    second.close();
  }

  @Test
  void closeForgetsTheStreamAndMayBeCalledTwice() {
    walk(Arrays.copyOf(frame('I', "abcdef"), 9));
    assertTrue(memory.metric().usedHeapMemory() > 0);
    walker.close();
    walker.close();
    assertEquals(0, memory.metric().usedHeapMemory());
    assertFalse(walker.midFrame());
    walk(frame('F', "new"));
    assertEquals(List.of("passing F 8"), sink.effects);
  }

  @Test
  void aFrameThatClaimsAGigabyteAllocatesWhatHasArrived() {
    byte[] claim = ByteBuffer.allocate(9).put((byte) 'I').putInt(1 << 30).putInt(7).array();
    walk(claim);
    assertTrue(memory.metric().usedHeapMemory() <= 512, memory.metric().toString());
    for (int i = 0; i < 100; i++) {
      walk(new byte[100]);
    }
    assertTrue(memory.metric().usedHeapMemory() <= 4 * 10_009, memory.metric().toString());
    walker.close();
    for (int cut = 1; cut < 5; cut++) {
      walk(Arrays.copyOf(claim, cut));
      walk(Arrays.copyOfRange(claim, cut, 9));
      assertTrue(memory.metric().usedHeapMemory() <= 4096, "cut at " + cut);
      walker.close();
    }
  }

  @Test
  void aForbiddenLengthIsRefusedBeforeAnythingIsAllocated() {
    byte[] tooLong = ByteBuffer.allocate(5).put((byte) 'I').putInt(-1).array();
    assertThrows(ProtocolViolation.class, () -> walk(tooLong));
    assertEquals(0, memory.metric().usedHeapMemory());
    assertEquals(List.of(), sink.effects);
  }

  @Test
  void aForbiddenLengthIsRefusedWhereverItIsCut() {
    byte[] tooShort = stream(frame('F', "x"), new byte[] {'F', 0, 0, 0, 4});
    for (int cut = 0; cut < tooShort.length; cut++) {
      int at = cut;
      assertThrows(ProtocolViolation.class, () -> replay(tooShort, at), "cut at " + cut);
    }
  }

  @Test
  void aSinkThatRefusesWhatWasHeldLeavesNoBuffer() {
    FrameWalker refusing =
        new FrameWalker(
            new ToyFormat(),
            new ForwardOnly() {
              @Override
              public Verdict header(int type, long length) {
                return Verdict.INSPECT;
              }

              @Override
              public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
                throw new ProtocolViolation("no");
              }
            });
    byte[] frame = frame('I', "abcdef");
    for (int cut = 1; cut < frame.length; cut++) {
      ByteBuf start = copy(Arrays.copyOf(frame, cut));
      refusing.walk(start);
      start.release();
      ByteBuf rest = copy(Arrays.copyOfRange(frame, cut, frame.length));
      assertThrows(ProtocolViolation.class, () -> refusing.walk(rest));
      rest.release();
      refusing.close();
      assertEquals(0, memory.metric().usedHeapMemory(), "cut at " + cut);
    }
  }

  @Test
  void theCallerKeepsItsBuffer() {
    ByteBuf in = copy(stream(frame('F', "x"), frame('I', "half")));
    in.writerIndex(in.writerIndex() - 2);
    walker.walk(in);
    assertEquals(1, in.refCnt());
    assertEquals(0, in.readableBytes());
    in.release();
  }

  private static void assertSame(ToySink expected, ToySink actual, String how) {
    assertEquals(expected.forwardedText(), actual.forwardedText(), how);
    assertEquals(expected.effects, actual.effects, how);
  }

  /** Walks the stream in the pieces that the cuts make, each piece a buffer of its own. */
  private ToySink replay(byte[] stream, int... cuts) {
    ToySink seen = new ToySink();
    FrameWalker fresh = new FrameWalker(new ToyFormat(), seen);
    try {
      int from = 0;
      for (int i = 0; i <= cuts.length; i++) {
        int to = i == cuts.length ? stream.length : cuts[i];
        ByteBuf piece = copy(Arrays.copyOfRange(stream, from, to));
        try {
          fresh.walk(piece);
          assertEquals(1, piece.refCnt());
        } finally {
          piece.release();
        }
        from = to;
      }
      assertFalse(fresh.midFrame());
      assertEquals(0, memory.metric().usedHeapMemory());
    } finally {
      fresh.close();
    }
    return seen;
  }

  private void walk(byte[] bytes) {
    ByteBuf in = copy(bytes);
    try {
      walker.walk(in);
    } finally {
      in.release();
    }
  }

  private ByteBuf copy(byte[] bytes) {
    return memory.heapBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
  }

  private static byte[] randomStream(Random random) {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    int frames = 1 + random.nextInt(8);
    for (int i = 0; i < frames; i++) {
      int length = random.nextInt(10) == 0 ? random.nextInt(6000) : random.nextInt(20);
      char kind = "FDIJPQ".charAt(random.nextInt(6));
      stream.writeBytes(frame(kind, "abcdefgh".repeat(length / 8 + 1).substring(0, length)));
    }
    return stream.toByteArray();
  }

  private static byte[] frame(char kind, String body) {
    return ByteBuffer.allocate(ToyFormat.HEADER + body.length())
        .put((byte) kind)
        .putInt(ToyFormat.HEADER + body.length())
        .put(body.getBytes(StandardCharsets.US_ASCII))
        .array();
  }

  private static byte[] stream(byte[]... frames) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] frame : frames) {
      all.writeBytes(frame);
    }
    return all.toByteArray();
  }

  /** Forwards all and notes nothing. */
  private static class ForwardOnly implements FrameSink {
    @Override
    public Verdict header(int type, long length) {
      return Verdict.FORWARD;
    }

    @Override
    public void passing(int type, long length) {}

    @Override
    public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
      return Verdict.FORWARD;
    }

    @Override
    public void forward(ByteBuf in, int index, int length) {}
  }
}
