package dev.pooler.postgres.client;

import dev.pooler.core.statement.Dialect;
import dev.pooler.postgres.statement.PreparedNameInText;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.StatementMeaning;
import dev.pooler.postgres.statement.StatementName;
import org.jspecify.annotations.Nullable;

/**
 * A text of the extended protocol that names a prepared statement: EXECUTE, DEALLOCATE and the
 * like. The server looks for the name when it runs the text, so that it may come to stand for
 * another statement. That is known by its name at backends alone: its text is the session's as long
 * as the session has it.
 *
 * @param original text, zero and parameter types, as the client gave them
 * @param place where the name stands in that
 * @param statement what the name stands for; null while it is none of the session's
 * @param definition the same with the statement's own name
 * @param meaning of running it
 * @param dialect how it was read
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record NamingText(
    byte[] original,
    PreparedNameInText place,
    @Nullable StatementName statement,
    byte[] definition,
    StatementMeaning meaning,
    Dialect dialect) {

  /** What the objects around the two texts take, about. */
  private static final int BESIDE = 256;

  /**
   * The text with a statement's own name.
   *
   * @param own what the text means by itself
   */
  static NamingText of(
      byte[] original,
      PreparedNameInText place,
      StatementMeaning own,
      @Nullable SharedStatement statement) {
    byte[] definition = statement == null ? original : place.renamed(original, statement);
    StatementMeaning meaning = statement == null ? own : meaning(place, own, statement);
    StatementName name = statement == null ? null : statement.name();
    return new NamingText(original, place, name, definition, meaning, own.dialect());
  }

  /** What a text means that is one statement, and names this one. */
  static StatementMeaning meaning(
      PreparedNameInText place, StatementMeaning own, SharedStatement statement) {
    return switch (place.kind()) {
      case DEALLOCATE -> StatementMeaning.NOTHING;
      case PREPARE, DEALLOCATE_ALL -> own;
      case CREATE_AS_EXECUTE -> own.and(statement.meaning());
      case EXECUTE, EXPLAIN_EXECUTE ->
          // Its arguments may call what code calls; else it is just that statement.
          place.calls() ? own.and(statement.meaning()) : statement.meaning();
    };
  }

  /** What it takes, about. */
  int size() {
    return besideDefinition() + definition.length;
  }

  int besideDefinition() {
    return definition == original ? BESIDE : BESIDE + original.length;
  }

  String name() {
    return place.name();
  }

  /** Whether running it deallocates the statement. */
  boolean deallocates() {
    return statement != null && place.kind() == PreparedNameInText.Kind.DEALLOCATE;
  }
}
