package dev.pooler.mysql.statement;

import dev.pooler.core.statement.Dialect;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads what a SET assigns. */
public final class MySetStatement {
  /** Longest text that is looked at, in bytes. */
  public static final int LONGEST = 4096;

  private MySetStatement() {}

  /**
   * What the text, one SET, assigns, in its order: all of it or, if it fails, nothing.
   *
   * @return empty where the text is not understood: another statement or several, an account's
   *     password or role, a resource group, MariaDB's SET STATEMENT, a comment whose text depends
   *     on the server's version
   */
  public static List<SetAssignment> parse(Dialect dialect, String sql) {
    byte[] text = sql.getBytes(StandardCharsets.UTF_8);
    return text.length > LONGEST || !dialect.canRead(text)
        ? List.of()
        : new SetGrammar(SetToken.all(dialect, text)).assignments();
  }
}
