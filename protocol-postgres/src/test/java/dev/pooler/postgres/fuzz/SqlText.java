package dev.pooler.postgres.fuzz;

import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.SqlScanner;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.Token;
import dev.pooler.postgres.statement.PgDialects;
import dev.pooler.postgres.statement.PgStatementReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** SQL text read in both of PostgreSQL's dialects, from an array and through the window. */
final class SqlText {
  private static final List<Dialect> DIALECTS =
      List.of(PgDialects.STANDARD, PgDialects.BACKSLASHES);

  private SqlText() {}

  /** The facts of a text in each dialect. */
  static List<StatementFacts> facts(String sql) {
    byte[] text = sql.getBytes(StandardCharsets.UTF_8);
    return DIALECTS.stream().map(dialect -> facts(dialect, text)).toList();
  }

  static void check(byte[] text) {
    DIALECTS.forEach(dialect -> check(dialect, text));
  }

  private static void check(Dialect dialect, byte[] text) {
    sameTokens(dialect, text);
    StatementFacts facts = facts(dialect, text);
    ByteBuf buffer = shifted(text);
    StatementFacts windowed =
        new PgStatementReader().read(new SqlScanner().start(dialect, buffer, 3, text.length));
    require(facts.equals(windowed), "facts differ: " + facts + ", " + windowed);
    byte[] spaced = new byte[text.length + 1];
    spaced[0] = ' ';
    System.arraycopy(text, 0, spaced, 1, text.length);
    require(facts.equals(facts(dialect, spaced)), "a space before it changes " + facts);
  }

  private static StatementFacts facts(Dialect dialect, byte[] text) {
    return new PgStatementReader().read(new SqlScanner().start(dialect, text, 0, text.length));
  }

  private static void sameTokens(Dialect dialect, byte[] text) {
    SqlScanner one = new SqlScanner().start(dialect, text, 0, text.length);
    SqlScanner other = new SqlScanner().start(dialect, shifted(text), 3, text.length);
    int end = 0;
    for (int tokens = 0; ; tokens++) {
      Token token = one.next();
      require(token == other.next(), "another token than " + token + " at " + one.start());
      require(one.start() == other.start() && one.end() == other.end(), "another place");
      require(one.start() >= end, "a token begins before the last one's end");
      end = one.end();
      if (token == Token.END || token == Token.BROKEN) {
        require(end == text.length, "ends at " + end);
        require(one.next() == token, "goes on behind its end");
        return;
      }
      require(end > one.start() && end <= text.length, "an empty token");
      require(tokens <= text.length, "more tokens than bytes");
      if (token == Token.WORD) {
        require(one.hash() == other.hash(), "another hash");
      }
    }
  }

  private static ByteBuf shifted(byte[] text) {
    return Unpooled.buffer(text.length + 3).writeZero(3).writeBytes(text);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }
}
