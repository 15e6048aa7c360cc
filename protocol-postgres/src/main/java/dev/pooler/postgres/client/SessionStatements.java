package dev.pooler.postgres.client;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.statement.SharedStatement;
import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The names that a client gave its prepared statements. A name counts from the moment its Parse is
 * sent, because a pipeline goes on with it, and is taken back if the server skips the Parse. What a
 * name may still stand for is counted as the session's. Confined to the session's loop; costs
 * nothing until the first name.
 */
final class SessionStatements {
  /**
   * NAMEDATALEN - 1: the server keeps statements and portals in hash tables whose keys are so long,
   * and cuts what is longer, be it in the middle of a character (string_hash and strncmp of
   * dynahash.c).
   */
  static final int LONGEST_NAME = 63;

  private static final byte[] EMPTY = new byte[0];

  private @Nullable Map<Name, Meaning> named;
  private boolean decided;

  /** Some meaning is so. */
  private boolean renewed;

  /** What names would stand for that are given once more. */
  private @Nullable Set<Meaning> again;

  /** Counts what is said and settled about names. */
  private long changes;

  /** When none stood for a statement any more, by {@link #changes}. */
  private long noneLeftAt = -1;

  /** Removals of all that are not answered, and the batch of the last. */
  private int removingAll;

  private int removedAllIn = -1;

  private final PipelineBatch batch;
  private final SessionMemory memory;
  private @Nullable Name probe;

  /** The bytes of a name that count, whatever their encoding. */
  private static final class Name implements ByteProcessor {
    private byte[] bytes;
    private int length;
    private int hash;

    Name(byte[] bytes, int length) {
      this.bytes = bytes;
      this.length = length;
    }

    Name read(ByteBuf in, int from, int to) {
      length = Math.min(to - from, LONGEST_NAME);
      if (bytes.length < length) {
        bytes = new byte[Math.max(32, length)];
      }
      in.getBytes(from, bytes, 0, length);
      hash = 1;
      for (int i = 0; i < length; i++) {
        process(bytes[i]);
      }
      return this;
    }

    Name of(String text) {
      byte[] all = text.getBytes(StandardCharsets.UTF_8);
      length = Math.min(all.length, LONGEST_NAME);
      bytes = Arrays.copyOf(all, length);
      hash = 1;
      for (int i = 0; i < length; i++) {
        process(bytes[i]);
      }
      return this;
    }

    @Override
    public boolean process(byte value) {
      hash = 31 * hash + value;
      return true;
    }

    String text() {
      return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    Name copy() {
      Name copy = new Name(Arrays.copyOf(bytes, length), length);
      copy.hash = hash;
      return copy;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Name that
          && hash == that.hash
          && Arrays.equals(bytes, 0, length, that.bytes, 0, that.length);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  /** What a name stands for. */
  private static final class Meaning {
    /** Null once it has been closed. */
    @Nullable SharedStatement statement;

    /** The pipeline's batch in which that was said. */
    final int batch;

    /** The server has answered. */
    boolean settled;

    /** It was never so: the server has failed or skipped what was to make it so. */
    boolean gone;

    /** It was given again in this lease, where code had deallocated it. */
    boolean renewed;

    /** What the name meant before, until this is settled. */
    @Nullable Meaning before;

    /** Bytes of the name while the statement is counted, else negative. */
    int counted = -1;

    Meaning(@Nullable SharedStatement statement, int batch) {
      this.statement = statement;
      this.batch = batch;
    }
  }

  SessionStatements(PipelineBatch batch, SessionMemory memory) {
    this.batch = batch;
    this.memory = memory;
  }

  /** The name between two indexes, until the next one is read. */
  private Name name(ByteBuf in, int from, int to) {
    return probe().read(in, from, to);
  }

  /** A name of SQL text, until the next one is read. */
  private Name name(String text) {
    return probe().of(text);
  }

  private Name probe() {
    Name kept = probe;
    if (kept == null) {
      kept = new Name(EMPTY, 0);
      probe = kept;
    }
    return kept;
  }

  int size() {
    return named == null ? 0 : named.size();
  }

  /** At most so many names, with what they stand for. */
  void some(int most, BiConsumer<String, SharedStatement> told) {
    if (named != null) {
      named.entrySet().stream()
          .limit(most)
          .filter(entry -> entry.getValue().statement != null)
          .sorted(Comparator.comparing(entry -> entry.getKey().text()))
          .forEach(entry -> {
            SharedStatement statement = entry.getValue().statement;
            if (statement != null) {
              told.accept(entry.getKey().text(), statement);
            }
          });
    }
  }

  /** The first of the names that stand for a shared statement, or null; looks at each. */
  @Nullable String nameOf(String shared) {
    return named == null
        ? null
        : named.entrySet().stream()
            .filter(entry -> shared.equals(String.valueOf(entry.getValue().statement)))
            .map(entry -> entry.getKey().text())
            .min(Comparator.naturalOrder())
            .orElse(null);
  }

  /**
   * Whether it depends on the answer to an earlier batch, not here yet, what the name between two
   * indexes stands for. Within one batch the server skips what follows a failure.
   */
  boolean undecided(ByteBuf in, int from, int to) {
    Meaning meaning = named == null ? null : named.get(name(in, from, to));
    return meaning != null && !meaning.settled && meaning.batch != batch.number();
  }

  /** The same of a name in SQL text. */
  boolean undecided(String name) {
    Meaning meaning = named == null ? null : named.get(name(name));
    return meaning != null && !meaning.settled && meaning.batch != batch.number();
  }

  /** Everything asked is answered, and so all names are decided. */
  void onSettled() {
    decided = true;
  }

  /** Whether a name has been decided since this was asked last. */
  boolean takeDecided() {
    boolean was = decided;
    decided = false;
    return was;
  }

  /** What stands under the name between two indexes, or null. */
  @Nullable SharedStatement find(ByteBuf in, int from, int to) {
    Meaning meaning = named == null ? null : named.get(name(in, from, to));
    return meaning == null ? null : meaning.statement;
  }

  /** What stands under a name of SQL text, or null. */
  @Nullable SharedStatement find(String name) {
    Meaning meaning = named == null ? null : named.get(name(name));
    return meaning == null ? null : meaning.statement;
  }

  /** Another statement of the same meaning stands under the name between two indexes. */
  void replace(ByteBuf in, int from, int to, SharedStatement statement) {
    replace(name(in, from, to), statement);
  }

  /** The same of a name in SQL text. */
  void replace(String name, SharedStatement statement) {
    replace(name(name), statement);
  }

  private void replace(Name name, SharedStatement statement) {
    Meaning meaning = named == null ? null : named.get(name);
    SharedStatement before = meaning == null ? null : meaning.statement;
    if (meaning != null && before != null) {
      meaning.statement = statement;
      memory.exchange(before, statement);
    }
  }

  /** A new lease. */
  void onLease() {
    if (renewed && named != null) {
      named.values().forEach(meaning -> meaning.renewed = false);
    }
    renewed = false;
  }

  /**
   * A name that is taken is given once more: if the server does that, it was free after all, and
   * stands for another statement from then on. Null where there is no room to keep that.
   */
  @Nullable RequestEffect giveAgain(ByteBuf in, int from, int to, SharedStatement statement) {
    Name name = name(in, from, to);
    Meaning meaning = named == null ? null : named.get(name);
    if (meaning == null || !memory.hold(statement, name.length)) {
      return null;
    }
    Meaning given = new Meaning(statement, batch.number());
    given.counted = name.length;
    Set<Meaning> all = again;
    if (all == null) {
      all = new HashSet<>();
      again = all;
    }
    all.add(given);
    return new RequestEffect() {
      @Override
      public void done() {
        if (meaning.counted >= 0 && given.counted >= 0) {
          SharedStatement before = meaning.statement;
          meaning.statement = statement;
          given.statement = before; // which is let go in its place
          meaning.renewed = true;
          renewed = true;
        }
        undone();
      }

      @Override
      public void undone() {
        letGo(given);
        if (again != null) {
          again.remove(given);
        }
      }
    };
  }

  /**
   * Gives a name that was free; the effect takes it back. Null where there is no room to keep it.
   */
  @Nullable RequestEffect define(ByteBuf in, int from, int to, SharedStatement statement) {
    Name name = name(in, from, to);
    return memory.hold(statement, name.length) ? change(name.copy(), statement) : null;
  }

  /** Frees a name; the effect gives it again. */
  RequestEffect remove(ByteBuf in, int from, int to) {
    return change(name(in, from, to).copy(), null);
  }

  /** SQL text is about to deallocate it; the effect gives it again. */
  RequestEffect remove(String name) {
    return change(name(name).copy(), null);
  }

  /**
   * All of them are about to be deallocated; the effect gives them again. Not while this is {@link
   * #undecidedAll}: of those that are removed already nothing is made again, so that a client can't
   * have it made any number of times.
   */
  RequestEffect removeAll() {
    List<RequestEffect> each = new ArrayList<>(0);
    if (named != null && noneLeftAt != changes) {
      named.forEach((name, meaning) -> {
        if (meaning.statement != null) {
          each.add(change(name, null));
        }
      });
    }
    noneLeftAt = changes;
    removedAllIn = batch.number();
    removingAll++;
    RequestEffect effects = RequestEffect.inTurn(each);
    return new RequestEffect() {
      @Override
      public void done() {
        removingAll--;
        decided = true;
        effects.done();
      }

      @Override
      public void undone() {
        removingAll--;
        decided = true;
        effects.undone();
      }
    };
  }

  /** Whether it depends on the answer to an earlier batch what there is to be deallocated. */
  boolean undecidedAll() {
    boolean sameBatch = removedAllIn == batch.number();
    if (removingAll > 0 && !sameBatch) {
      return true;
    }
    if (named == null || (noneLeftAt == changes && sameBatch)) {
      return false;
    }
    for (Meaning meaning : named.values()) {
      if (meaning.statement == null && !meaning.settled && meaning.batch != batch.number()) {
        return true;
      }
    }
    return false;
  }

  /** All but some have been deallocated. */
  void retain(Predicate<SharedStatement> some) {
    if (named != null) {
      named
          .values()
          .removeIf(meaning -> {
            boolean gone =
                meaning.statement != null && !meaning.renewed && !some.test(meaning.statement);
            if (gone) {
              letGoAll(meaning);
            }
            return gone;
          });
    }
  }

  /** The session is over. */
  void close() {
    Map<Name, Meaning> all = named;
    named = null;
    if (all != null) {
      all.values().forEach(this::letGoAll);
    }
    Set<Meaning> pending = again;
    again = null;
    if (pending != null) {
      pending.forEach(this::letGo);
    }
  }

  private RequestEffect change(Name name, @Nullable SharedStatement statement) {
    Meaning now = new Meaning(statement, batch.number());
    now.counted = statement == null ? -1 : name.length;
    now.before = put(name, now);
    return new RequestEffect() {
      @Override
      public void done() {
        decided = true;
        now.settled = true; // also where it comes back because a later change is undone
        letGoAll(now.before);
        now.before = null;
        if (statement == null && named != null && named.get(name) == now) {
          put(name, null);
        }
      }

      @Override
      public void undone() {
        decided = true;
        now.gone = true;
        letGo(now);
        if (named != null && named.get(name) == now) { // else a later batch has changed it too
          Meaning last = now.before;
          while (last != null && last.gone) {
            last = last.before;
          }
          boolean closed = last != null && last.settled && last.statement == null;
          put(name, closed ? null : last);
        }
      }
    };
  }

  private void letGoAll(@Nullable Meaning last) {
    for (Meaning meaning = last; meaning != null; meaning = meaning.before) {
      letGo(meaning);
    }
  }

  private void letGo(Meaning meaning) {
    SharedStatement statement = meaning.statement;
    if (statement != null && meaning.counted >= 0) {
      memory.letGo(statement, meaning.counted);
      meaning.counted = -1;
    }
  }

  private @Nullable Meaning put(Name name, @Nullable Meaning meaning) {
    changes++;
    Map<Name, Meaning> all = named;
    if (meaning == null) {
      return all == null ? null : all.remove(name);
    }
    if (all == null) {
      all = new HashMap<>(4);
      named = all;
    }
    return all.put(name, meaning);
  }
}
