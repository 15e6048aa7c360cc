package dev.pooler.core.statement;

/**
 * A protocol's rules for what its SQL text does. Event-loop confined: a reader may keep scratch
 * space between calls.
 */
public interface StatementReader {

  /**
   * Reads a text to its end.
   *
   * @param scanner stands before the first token
   * @return the facts; {@link StatementFacts#unknown} or a part of it where the text is not
   *     understood, never an exception
   */
  StatementFacts read(SqlScanner scanner);
}
