package dev.pooler.postgres.client;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.statement.SharedStatement;
import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The names that a client gave its prepared statements. A name counts from the moment its Parse is
 * sent, because a pipeline goes on with it, and is taken back if the server skips the Parse.
 * Confined to the session's loop; costs nothing until the first name.
 */
final class SessionStatements {
  private @Nullable Map<Name, Meaning> named;
  private boolean decided;
  private final PipelineBatch batch;
  private final Name probe = new Name(new byte[0], 0);

  /** The bytes of a name, whatever their encoding. */
  private static final class Name implements ByteProcessor {
    private byte[] bytes;
    private int length;
    private int hash;

    Name(byte[] bytes, int length) {
      this.bytes = bytes;
      this.length = length;
    }

    Name read(ByteBuf in, int from, int to) {
      length = to - from;
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
      bytes = text.getBytes(StandardCharsets.UTF_8);
      length = bytes.length;
      hash = 1;
      for (byte value : bytes) {
        process(value);
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

    /** What the name meant before, until this is settled. */
    @Nullable Meaning before;

    Meaning(@Nullable SharedStatement statement, int batch, boolean settled) {
      this.statement = statement;
      this.batch = batch;
      this.settled = settled;
    }
  }

  SessionStatements(PipelineBatch batch) {
    this.batch = batch;
  }

  int size() {
    return named == null ? 0 : named.size();
  }

  /** All names, for people. */
  List<String> all() {
    return named == null ? List.of() : named.keySet().stream().map(Name::text).sorted().toList();
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
    Meaning meaning = named == null ? null : named.get(probe.read(in, from, to));
    return meaning != null && !meaning.settled && meaning.batch != batch.number();
  }

  /** The same of a name in SQL text. */
  boolean undecided(String name) {
    Meaning meaning = named == null ? null : named.get(probe.of(name));
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
    Meaning meaning = named == null ? null : named.get(probe.read(in, from, to));
    return meaning == null ? null : meaning.statement;
  }

  /** What stands under a name of SQL text, or null. */
  @Nullable SharedStatement find(String name) {
    Meaning meaning = named == null ? null : named.get(probe.of(name));
    return meaning == null ? null : meaning.statement;
  }

  /** One that is shared, or null. */
  @Nullable SharedStatement any() {
    if (named != null) {
      for (Meaning meaning : named.values()) {
        if (meaning.statement != null && meaning.statement != SharedStatement.RAW) {
          return meaning.statement;
        }
      }
    }
    return null;
  }

  /** Another statement of the same meaning stands under the name between two indexes. */
  void replace(ByteBuf in, int from, int to, SharedStatement statement) {
    replace(probe.read(in, from, to), statement);
  }

  /** The same of a name in SQL text. */
  void replace(String name, SharedStatement statement) {
    replace(probe.of(name), statement);
  }

  private void replace(Name name, SharedStatement statement) {
    Meaning meaning = named == null ? null : named.get(name);
    if (meaning != null) {
      meaning.statement = statement;
    }
  }

  /** SQL text has deallocated it. */
  void forget(String name) {
    put(probe.of(name).copy(), null);
  }

  /** Gives a name that was free; the effect takes it back. */
  RequestEffect define(ByteBuf in, int from, int to, SharedStatement statement) {
    return change(probe.read(in, from, to).copy(), statement);
  }

  /** Frees a name; the effect gives it again. */
  RequestEffect remove(ByteBuf in, int from, int to) {
    return change(probe.read(in, from, to).copy(), null);
  }

  /** SQL text is about to deallocate it; the effect gives it again. */
  RequestEffect remove(String name) {
    return change(probe.of(name).copy(), null);
  }

  /** All of them are about to be deallocated; the effect gives them again. */
  RequestEffect removeAll() {
    RequestEffect all = RequestEffect.NONE;
    if (named != null) {
      for (Name name : List.copyOf(named.keySet())) {
        all = all.and(change(name, null));
      }
    }
    return all;
  }

  /** All but some have been deallocated. */
  void retain(Predicate<SharedStatement> some) {
    if (named != null) {
      named
          .values()
          .removeIf(meaning -> meaning.statement != null && !some.test(meaning.statement));
    }
  }

  private RequestEffect change(Name name, @Nullable SharedStatement statement) {
    Meaning now = new Meaning(statement, batch.number(), false);
    now.before = put(name, now);
    return new RequestEffect() {
      @Override
      public void done() {
        decided = true;
        now.settled = true; // also where it comes back because a later change is undone
        now.before = null;
        if (statement == null && named != null && named.get(name) == now) {
          put(name, null);
        }
      }

      @Override
      public void undone() {
        decided = true;
        now.gone = true;
        if (named != null && named.get(name) == now) { // else a later batch has changed it too
          Meaning last = now.before;
          while (last != null && last.gone) {
            last = last.before;
          }
          put(name, last);
        }
      }
    };
  }

  private @Nullable Meaning put(Name name, @Nullable Meaning meaning) {
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
