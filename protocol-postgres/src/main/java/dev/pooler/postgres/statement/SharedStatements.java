package dev.pooler.postgres.statement;

import dev.pooler.core.statement.Dialect;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * All statements that some session has prepared or some backend holds, each once. A statement that
 * neither does is collected, so that a million one-off statements leave nothing behind. Any thread.
 *
 * <p>Equal means equal bytes, never equal digests: two texts that differ in a literal are two
 * statements, with two plans.
 */
public final class SharedStatements {
  private final ConcurrentHashMap<Definition, Known> known = new ConcurrentHashMap<>();
  private final ReferenceQueue<SharedStatement> collected = new ReferenceQueue<>();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong generation = new AtomicLong();

  /** What makes two statements one. */
  private static final class Definition {
    final byte[] bytes;
    final PgSettings planning;
    final Dialect dialect;
    private final int hash;

    Definition(byte[] bytes, PgSettings planning, Dialect dialect) {
      this.bytes = bytes;
      this.planning = planning;
      this.dialect = dialect;
      this.hash = 31 * Arrays.hashCode(bytes) + planning.hashCode();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Definition that
          && hash == that.hash
          && Arrays.equals(bytes, that.bytes)
          && planning.equals(that.planning)
          && dialect.equals(that.dialect); // databases differ in their defaults
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private static final class Known extends WeakReference<SharedStatement> {
    final Definition definition;

    Known(Definition definition, SharedStatement statement, ReferenceQueue<SharedStatement> queue) {
      super(statement, queue);
      this.definition = definition;
    }
  }

  /**
   * The statement that all share.
   *
   * @param index where in a Parse the text begins, behind the name
   * @param length bytes from there to the end of the message
   * @param planning the session's settings that parsing or planning depends on
   */
  public SharedStatement find(
      ByteBuf in, int index, int length, PgSettings planning, StatementMeaning meaning) {
    forgetCollected();
    Definition definition = new Definition(bytes(in, index, length), planning, meaning.dialect());
    while (true) {
      Known reference = known.get(definition);
      SharedStatement statement = reference == null ? null : reference.get();
      if (statement != null) {
        return statement;
      }
      SharedStatement made =
          new SharedStatement(numbers.incrementAndGet(), definition.bytes, meaning, planning);
      Known mine = new Known(definition, made, collected);
      boolean mineIsKnown =
          reference == null
              ? known.putIfAbsent(definition, mine) == null
              : known.replace(definition, reference, mine);
      if (mineIsKnown) {
        return made;
      }
    }
  }

  /** A statement that nobody else gets: under settings that are not known, or not proven yet. */
  public SharedStatement unshared(ByteBuf in, int index, int length, StatementMeaning meaning) {
    return new SharedStatement(numbers.incrementAndGet(), bytes(in, index, length), meaning, null);
  }

  /** One that is not found by its text: who has it shares it. */
  SharedStatement apart(
      ByteBuf in, int index, int length, PgSettings planning, StatementMeaning meaning) {
    return new SharedStatement(
        numbers.incrementAndGet(), bytes(in, index, length), meaning, planning);
  }

  /**
   * The same for one session alone, which has it parsed under settings of its own.
   *
   * @param meaning that it has under those
   */
  public SharedStatement unshared(SharedStatement statement, StatementMeaning meaning) {
    return new SharedStatement(numbers.incrementAndGet(), statement.definition(), meaning, null);
  }

  /**
   * A definition has changed, or may have: what is prepared from now on is parsed anew, under
   * another name. Sessions keep what they have prepared, and hear of the change as they do
   * directly.
   */
  public void forget() {
    known.clear();
    generation.incrementAndGet();
  }

  /** Another number each time that sharing has ended. */
  public long generation() {
    return generation.get();
  }

  /** Statements in use; a glance. */
  public int size() {
    forgetCollected();
    return known.size();
  }

  private void forgetCollected() {
    while (collected.poll() instanceof Known gone) {
      known.remove(gone.definition, gone);
    }
  }

  private static byte[] bytes(ByteBuf in, int index, int length) {
    byte[] bytes = new byte[length];
    in.getBytes(index, bytes);
    return bytes;
  }
}
