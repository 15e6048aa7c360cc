package dev.pooler.benchmarks.statement;

import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.postgres.statement.PgStatementRules;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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

/** The facts of one text in direct memory, as it comes from a socket: known, and read anew. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class StatementFactsBenchmark {
  /** The texts: pgbench's, and a long query. */
  public enum Text {
    BEGIN("BEGIN;"),
    SELECT("SELECT abalance FROM pgbench_accounts WHERE aid = 4711;"),
    UPDATE("UPDATE pgbench_accounts SET abalance = abalance + -1234 WHERE aid = 4711;"),
    INSERT(
        "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)"
            + " VALUES (1, 2, 4711, -1234, CURRENT_TIMESTAMP);"),
    REPORT_2KB(report());

    final String sql;

    Text(String sql) {
      this.sql = sql;
    }

    private static String report() {
      StringBuilder sql = new StringBuilder("SELECT o.id, o.placed_at, c.name /* report */");
      for (int i = 0; sql.length() < 1900; i++) {
        sql.append(",\n  sum(CASE WHEN l.kind = 'kind-").append(i);
        sql.append("' THEN l.amount * 1.19 ELSE 0 END) AS amount_").append(i);
      }
      sql.append("\nFROM orders o JOIN customers c ON c.id = o.customer_id -- who\n");
      return sql.append("JOIN lines l ON l.order_id = o.id GROUP BY 1, 2, 3").toString();
    }
  }

  @Param public Text text = Text.BEGIN;

  private final StatementRules known = PgStatementRules.create(StatementRules.Limits.DEFAULT);
  private final StatementRules anew =
      PgStatementRules.create(new StatementRules.Limits(4, 0, 4096, 1 << 20));
  private ByteBuf sql = Unpooled.EMPTY_BUFFER;

  /** Puts the text into direct memory and into the one cache. */
  @Setup
  public void prepare() {
    byte[] bytes = text.sql.getBytes(StandardCharsets.US_ASCII);
    sql = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
    known.facts(sql, 0, bytes.length);
    known.facts(sql, 0, bytes.length);
  }

  @Benchmark
  public StatementFacts cached() {
    return known.facts(sql, 0, sql.readableBytes());
  }

  @Benchmark
  public StatementFacts uncached() {
    return anew.facts(sql, 0, sql.readableBytes());
  }
}
