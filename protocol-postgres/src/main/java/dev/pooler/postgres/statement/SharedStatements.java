package dev.pooler.postgres.statement;

import dev.pooler.core.session.MemoryBudget;
import dev.pooler.core.statement.Dialect;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * All statements that some session has prepared, each once, and the latest of those that none has
 * any more: a million one-off statements leave nothing behind. What sessions have is counted
 * against the budget of all. Any thread.
 *
 * <p>Equal means equal bytes, never equal digests: two texts that differ in a literal are two
 * statements, with two plans.
 */
public final class SharedStatements {
  /**
   * One part in so many of the budget may come on top of it, for statements that nobody has: so few
   * that most of them are gone before the collector takes them for old.
   */
  private static final int RECENT_SHARE = 64;

  private final ConcurrentHashMap<Definition, Known> known = new ConcurrentHashMap<>();
  private final ReferenceQueue<SharedStatement> collected = new ReferenceQueue<>();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong generation = new AtomicLong();
  private final MemoryBudget budget;
  private final RecentStatements recent;

  /** None yet. */
  public SharedStatements(MemoryBudget budget) {
    this.budget = budget;
    this.recent = new RecentStatements(budget.most() / RECENT_SHARE);
  }

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

    /** Null for one that is not found by its text. */
    static @Nullable Definition of(SharedStatement statement) {
      PgSettings planning = statement.planning();
      return planning == null
          ? null
          : new Definition(statement.definition(), planning, statement.meaning().dialect());
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
      KeptText text = new KeptText(definition.bytes, meaning);
      SharedStatement made =
          new SharedStatement(numbers.incrementAndGet(), text, meaning, planning);
      text.found = made;
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
    return unshared(bytes(in, index, length), meaning, 0);
  }

  /**
   * As above.
   *
   * @param definition not changed by anybody
   * @param beside bytes that the session keeps as long as the text
   */
  public SharedStatement unshared(byte[] definition, StatementMeaning meaning, int beside) {
    return new SharedStatement(
        numbers.incrementAndGet(), new KeptText(definition, meaning, beside), meaning, null);
  }

  /** One that is not found by its text: who has it shares it. */
  SharedStatement apart(
      ByteBuf in, int index, int length, PgSettings planning, StatementMeaning meaning) {
    return new SharedStatement(
        numbers.incrementAndGet(),
        new KeptText(bytes(in, index, length), meaning),
        meaning,
        planning);
  }

  /**
   * The same for one session alone, which has it parsed under settings of its own.
   *
   * @param meaning that it has under those
   */
  public SharedStatement unshared(SharedStatement statement, StatementMeaning meaning) {
    return new SharedStatement(numbers.incrementAndGet(), statement.text(), meaning, null);
  }

  /** The budget that {@link #hold} counts against. */
  public MemoryBudget budget() {
    return budget;
  }

  /**
   * A session has a statement; until {@link #letGo} its text is counted. False if there is no room
   * for it, and then the session must not have it.
   */
  public boolean hold(SharedStatement statement) {
    SharedStatement found = statement.text().isHeld() ? null : statement.text().found;
    if (!statement.text().hold(budget)) {
      spare(statement);
      return false;
    }
    if (found != null) {
      recent.remove(found);
    }
    return true;
  }

  /** As {@link #hold}, in place of one that is held, and about as large. */
  public void holdAnyway(SharedStatement statement) {
    statement.text().holdAnyway(budget);
  }

  /** Undoes one {@link #hold}. */
  public void letGo(SharedStatement statement) {
    if (statement.text().letGo(budget)) {
      spare(statement);
    }
  }

  /** A statement that was found and is not held: nobody may want it. */
  public void spare(SharedStatement statement) {
    SharedStatement found = statement.text().found;
    if (found != null && !found.text().isHeld() && reference(found) != null) {
      recent.add(found).forEach(this::forget);
    }
  }

  /** Else its text would stay until it is collected, and somebody looks. */
  private void forget(SharedStatement statement) {
    Known reference = reference(statement);
    if (reference != null) {
      known.remove(reference.definition, reference);
    }
  }

  /** Null where it is not found any more. */
  private @Nullable Known reference(SharedStatement statement) {
    Definition definition = Definition.of(statement);
    Known reference = definition == null ? null : known.get(definition);
    return reference != null && reference.refersTo(statement) ? reference : null;
  }

  /**
   * A definition has changed, or may have: what is prepared from now on is parsed anew, under
   * another name. Sessions keep what they have prepared, and hear of the change as they do
   * directly.
   */
  public void forget() {
    known.clear();
    recent.clear();
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
