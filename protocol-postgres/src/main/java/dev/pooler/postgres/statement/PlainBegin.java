package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Token;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A BEGIN that any server answers in the same way, primary or standby: gram.y's TransactionStmt
 * with the options that can't fail. SERIALIZABLE and READ WRITE are not among them: a hot standby
 * refuses them.
 */
public final class PlainBegin {
  private final List<TextToken> tokens;
  private int at;

  private PlainBegin(byte[] text) {
    this.tokens = TextToken.all(PgDialects.STANDARD, text);
  }

  /**
   * The server's command tag for it, or null if it is anything else; any text may be asked about.
   */
  public static @Nullable String tag(byte[] text) {
    return new PlainBegin(text).tag();
  }

  private @Nullable String tag() {
    String tag;
    if (takes("BEGIN")) {
      tag = "BEGIN";
      if (!takes("WORK")) {
        takes("TRANSACTION");
      }
    } else if (takes("START") && takes("TRANSACTION")) {
      tag = "START TRANSACTION";
    } else {
      return null;
    }
    if (tokens.get(at).kind() == Token.WORD) {
      do {
        if (!mode()) {
          return null;
        }
      } while (takes(',') || tokens.get(at).kind() == Token.WORD);
    }
    while (takes(';')) {}
    return tokens.get(at).kind() == Token.END ? tag : null;
  }

  private boolean mode() {
    if (takes("ISOLATION")) {
      return takes("LEVEL")
          && (takes("READ")
              ? takes("COMMITTED") || takes("UNCOMMITTED")
              : takes("REPEATABLE") && takes("READ"));
    }
    if (takes("READ")) {
      return takes("ONLY");
    }
    takes("NOT");
    return takes("DEFERRABLE");
  }

  private boolean takes(char symbol) {
    boolean there = tokens.get(at).is(symbol);
    at += there ? 1 : 0;
    return there;
  }

  private boolean takes(String word) {
    boolean there = tokens.get(at).is(word);
    at += there ? 1 : 0;
    return there;
  }
}
