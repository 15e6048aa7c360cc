package dev.pooler.benchmarks.wire;

import dev.pooler.core.wire.FrameSink;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One read of a socket, in direct memory, walked with the verdicts that pooler gives. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FrameWalkerBenchmark {
  /** What the read brought. */
  public enum Read {
    /** RowDescription, one DataRow, CommandComplete, ReadyForQuery: pgbench -S. */
    ONE_ROW_REPLY(PgFrameFormat.BACKEND, 1),
    HUNDRED_ROW_REPLY(PgFrameFormat.BACKEND, 100),
    /** One Query message, from the client. */
    QUERY(PgFrameFormat.FRONTEND, 0);

    private final PgFrameFormat format;
    private final int rows;

    Read(PgFrameFormat format, int rows) {
      this.format = format;
      this.rows = rows;
    }

    private ByteBuf bytes() {
      ByteBuf out = Unpooled.directBuffer();
      if (this == QUERY) {
        Messages.query(out, "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;");
        return out;
      }
      out.writeByte(BackendType.ROW_DESCRIPTION).writeInt(33).writeShort(1).writeZero(27);
      for (int i = 0; i < rows; i++) {
        out.writeByte(BackendType.DATA_ROW).writeInt(11).writeShort(1).writeInt(1).writeByte('0');
      }
      out.writeByte(BackendType.COMMAND_COMPLETE).writeInt(13).writeZero(9);
      Messages.readyForQuery(out, 'I');
      return out;
    }
  }

  @Param public Read read = Read.ONE_ROW_REPLY;

  private final Taker taker = new Taker();
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private FrameWalker walker = new FrameWalker(PgFrameFormat.BACKEND, taker);

  /** Makes the bytes and a walker for their direction. */
  @Setup
  public void prepare() {
    in = read.bytes();
    walker = new FrameWalker(read.format, taker);
  }

  @Benchmark
  public long walk() {
    in.readerIndex(0);
    walker.walk(in);
    return taker.forwarded + taker.seen;
  }

  /** Inspects what pooler inspects, forwards all. */
  private static final class Taker implements FrameSink {
    long forwarded;
    long seen;

    @Override
    public Verdict header(int type, long length) {
      return switch (type) {
        case BackendType.READY_FOR_QUERY, Frontend.QUERY -> Verdict.INSPECT;
        default -> Verdict.FORWARD;
      };
    }

    @Override
    public void passing(int type, long length) {
      seen += type;
    }

    @Override
    public Verdict inspect(int type, long length, ByteBuf bytes, int index, int available) {
      seen += bytes.getByte(index + PgFrameFormat.HEADER);
      return Verdict.FORWARD;
    }

    @Override
    public void forward(ByteBuf bytes, int index, int length) {
      forwarded += length;
    }
  }
}
