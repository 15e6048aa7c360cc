package dev.pooler.postgres.statement;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/**
 * Statements that no session has any more, the latest last: the next session may prepare the same,
 * and backends hold them still. Bounded in bytes. Any thread.
 */
final class RecentStatements {
  private final long most;
  private final SequencedSet<SharedStatement> statements = new LinkedHashSet<>();
  private long bytes;

  RecentStatements(long most) {
    this.most = most;
  }

  /** Keeps one; those that are not kept any more are the caller's to forget. */
  synchronized List<SharedStatement> add(SharedStatement statement) {
    if (!statements.add(statement)) {
      return List.of();
    }
    bytes += statement.text().size();
    List<SharedStatement> gone = new ArrayList<>();
    while (bytes > most) {
      SharedStatement eldest = statements.removeFirst();
      bytes -= eldest.text().size();
      gone.add(eldest);
    }
    return gone;
  }

  /** A session has it again. */
  synchronized void remove(SharedStatement statement) {
    if (statements.remove(statement)) {
      bytes -= statement.text().size();
    }
  }

  synchronized void clear() {
    statements.clear();
    bytes = 0;
  }
}
