package dev.pooler.postgres.fuzz;

import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.PgFrameFormat;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A stream through the walker, whole, cut as the input says and byte by byte: all three tell and
 * forward the same. Where the stream breaks the protocol, what was forwarded before may be less in
 * one read than in many, never other bytes.
 *
 * <p>The input: how many cuts, the place of each as one byte's share of the stream, the stream.
 */
final class Walk implements FrameSink {
  private static final int MOST_CUTS = 8;

  private final StringBuilder told = new StringBuilder();
  private final ByteArrayOutputStream forwarded = new ByteArrayOutputStream();
  private @Nullable String violation;
  private boolean midFrame;

  static void check(PgFrameFormat format, byte[] input) {
    if (input.length == 0) {
      return;
    }
    int cuts = Math.min((input[0] & 0xff) % MOST_CUTS, input.length - 1);
    byte[] stream = Arrays.copyOfRange(input, 1 + cuts, input.length);
    int[] places = new int[cuts];
    for (int i = 0; i < cuts; i++) {
      places[i] = (input[1 + i] & 0xff) * stream.length / 255;
    }
    Arrays.sort(places);
    int[] everywhere = new int[stream.length];
    Arrays.setAll(everywhere, i -> i);
    Walk whole = walk(format, stream);
    same(whole, walk(format, stream, places));
    same(whole, walk(format, stream, everywhere));
  }

  private static Walk walk(PgFrameFormat format, byte[] stream, int... cuts) {
    UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false, true);
    Walk seen = new Walk();
    FrameWalker walker = new FrameWalker(format, seen);
    int from = 0;
    for (int i = 0; i <= cuts.length && seen.violation == null; i++) {
      int to = i == cuts.length ? stream.length : cuts[i];
      ByteBuf piece = memory.heapBuffer(Math.max(1, to - from)).writeBytes(stream, from, to - from);
      try {
        walker.walk(piece);
      } catch (ProtocolViolation e) {
        seen.violation = String.valueOf(e.getMessage());
      }
      require(piece.refCnt() == 1, "the walker keeps or releases what isn't its own");
      piece.release();
      from = to;
    }
    seen.midFrame = walker.midFrame();
    walker.close();
    require(memory.metric().usedHeapMemory() == 0, "bytes nobody released");
    return seen;
  }

  private static void same(Walk whole, Walk cut) {
    require(java.util.Objects.equals(whole.violation, cut.violation), "violations differ");
    require(whole.told.compareTo(cut.told) == 0, "told " + whole.told + " or " + cut.told);
    byte[] one = whole.forwarded.toByteArray();
    byte[] other = cut.forwarded.toByteArray();
    if (whole.violation == null) {
      require(whole.midFrame == cut.midFrame, "in the middle of a frame or not");
      require(Arrays.equals(one, other), "forwarded bytes differ");
    } else {
      int common = Math.min(one.length, other.length);
      require(Arrays.equals(one, 0, common, other, 0, common), "forwarded bytes differ");
    }
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }

  /** A third each is forwarded, dropped and looked into, by the type alone. */
  @Override
  public Verdict header(int type, long length) {
    return switch (type % 3) {
      case 0 -> Verdict.FORWARD;
      case 1 -> Verdict.DROP;
      default -> Verdict.INSPECT;
    };
  }

  @Override
  public int inspectLength(int type, long length) {
    int wanted =
        switch (type % 4) {
          case 0 -> PgFrameFormat.HEADER;
          case 1 -> PgFrameFormat.HEADER + 4;
          case 2 -> 64;
          default -> 4096;
        };
    return (int) Math.min(length, wanted);
  }

  @Override
  public void passing(int type, long length) {
    told.append((char) type).append(length).append(' ');
  }

  @Override
  public Verdict inspect(int type, long length, ByteBuf in, int index, int available) {
    int wanted = inspectLength(type, length);
    require(available >= wanted && available <= length, "inspects " + available);
    int sum = 0;
    for (int i = 0; i < wanted; i++) {
      sum = sum * 31 + in.getByte(index + i);
    }
    told.append((char) type).append(length).append('#').append(sum).append(' ');
    return (sum & 1) == 0 ? Verdict.FORWARD : Verdict.DROP;
  }

  @Override
  public void forward(ByteBuf in, int index, int length) {
    for (int i = index; i < index + length; i++) {
      forwarded.write(in.getByte(i));
    }
  }
}
