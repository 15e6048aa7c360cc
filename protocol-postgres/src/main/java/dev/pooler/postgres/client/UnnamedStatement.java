package dev.pooler.postgres.client;

import dev.pooler.core.relay.RequestEffect;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The statement without a name that a session parsed last. It is the session's: a backend that has
 * not parsed it gets it in front of the message that uses it. Confined to the session's loop.
 *
 * <p>A Parse that fails has taken the one before away, as exec_parse_message does it first of all;
 * one that is skipped has not.
 */
final class UnnamedStatement {
  /** A buffer above this is not kept for the next, shorter one. */
  private static final int KEPT = 1024;

  /** What a pipeline may keep of statements that come back if those behind them are skipped. */
  private static final int MOST_BEFORE = 64 * 1024;

  /** An object of this class without its text. */
  private static final int OBJECT = 64;

  private static final byte[] EMPTY = new byte[0];

  private final PipelineBatch batch;
  private final SessionMemory memory;

  private Said said;

  /** Counts what a server was asked to do about it. */
  private int asks;

  /** The batch in which it was asked last. */
  private int askedIn;

  /** That has been answered. */
  private boolean proven;

  /** Such an answer has come; taken with {@link #takeDecided}. */
  private boolean decided;

  /** The backend of this lease holds it. */
  private boolean here;

  /** What the client said last, and the effect of that. */
  private final class Said implements RequestEffect {
    /** Shorter than {@link #length} where there is no room for the text. */
    byte[] definition = EMPTY;

    /** Bytes of the definition; negative while there is no such statement. */
    int length = -1;

    StatementMeaning meaning = StatementMeaning.UNKNOWN;

    /** What backends hold it as, where its text is one that comes again and again. */
    @Nullable SharedStatement repeated;

    /** What its text executes or deallocates. */
    @Nullable NamingText naming;

    /** Of {@link #asks}. */
    int number;

    /** It is too long to be said again: the backend of this pinned session has it. */
    boolean unread;

    /** What was there before, until it is known that this was not skipped. */
    @Nullable Said before;

    /** The backend held that. */
    boolean wasHere;

    /** Bytes that are kept by what was there before. */
    int behind;

    boolean skipped;

    /** Bytes that are counted as the session's for this one. */
    int counted;

    @Override
    public void done() {
      decided = true;
      proven |= number == asks;
      settle();
    }

    @Override
    public void failed() {
      decided = true;
      settle();
      empty();
      here &= said != this;
    }

    @Override
    public void undone() {
      decided = true;
      skipped = true;
      letGo();
      if (said != this) {
        return; // the client has said another since
      }
      boolean there = wasHere;
      Said last = before;
      while (last != null && last.skipped) {
        there = last.wasHere;
        last = last.before;
      }
      said = last == null ? new Said() : last;
      here = said.unread || (there && last != null); // what is not kept is not taken for there
      proven |= number == asks;
    }

    void empty() {
      letGo();
      length = -1;
      meaning = StatementMeaning.UNKNOWN;
      repeated = null;
      naming = null;
      unread = false;
    }

    /** Whether there is room for a text of so many bytes; beyond a small one it is counted. */
    boolean counts(int bytes) {
      if (bytes <= KEPT) {
        return true;
      }
      boolean room = memory.take(bytes);
      counted += room ? bytes : 0;
      return room;
    }

    /** Whether there is room to keep it behind another one: all of it is counted then. */
    boolean countsWhole() {
      int more = size() - counted;
      boolean room = more <= 0 || memory.take(more);
      counted += room ? Math.max(0, more) : 0;
      return room;
    }

    int size() {
      SharedStatement often = repeated;
      NamingText text = naming;
      int its = text == null ? definition.length : text.size();
      return OBJECT + (often == null ? its : often.definitionLength());
    }

    private void letGo() {
      if (counted > 0) {
        memory.give(counted);
        counted = 0;
      }
      if (definition.length > KEPT) {
        definition = EMPTY;
      }
    }

    /** What was there before does not come back. */
    void settle() {
      Said last = before;
      before = null;
      while (last != null) {
        last.letGo();
        last = last.before;
      }
    }
  }

  UnnamedStatement(PipelineBatch batch, SessionMemory memory) {
    this.batch = batch;
    this.memory = memory;
    this.said = new Said();
  }

  /** What its text executes or deallocates, or null. */
  @Nullable NamingText naming() {
    return said.naming;
  }

  StatementMeaning meaning() {
    return said.meaning;
  }

  /** Its text has been read again. */
  void means(StatementMeaning now) {
    said.meaning = now;
  }

  /** Text, zero and parameter types, or null while there is no such statement. */
  byte @Nullable [] copyOfDefinition() {
    SharedStatement often = said.repeated;
    return !defined() || isLost()
        ? null
        : often != null ? often.definition() : Arrays.copyOf(said.definition, said.length);
  }

  /** Says how its text begins. */
  void tell(LastStatement last) {
    SharedStatement often = said.repeated;
    NamingText text = said.naming;
    if (!defined() || isLost()) {
      last.unknown();
    } else if (often != null) {
      last.note(said.meaning.dialect(), often.definition(), often.definitionLength());
    } else if (text != null) {
      last.note(said.meaning.dialect(), text.original(), text.original().length);
    } else {
      last.note(said.meaning.dialect(), said.definition, said.length);
    }
  }

  /** Whether it was too long to be read: the session's backend alone has it. */
  boolean isUnread() {
    return said.unread;
  }

  /** The session is over. */
  void close() {
    drop();
  }

  /** Whether only a backend that has parsed it knows its text. */
  boolean isLost() {
    return said.repeated == null && said.length > said.definition.length;
  }

  /** The statement by which backends know it, or null where it has no name there either. */
  @Nullable SharedStatement repeated() {
    return said.repeated;
  }

  /** It is to be parsed under this session's settings alone, wherever it is used. */
  void part() {
    SharedStatement often = said.repeated;
    if (often != null) {
      said.length = often.definitionLength();
      said.repeated = null;
      said.definition = said.counts(said.length) ? often.definition().clone() : EMPTY;
      here = false;
    }
  }

  boolean defined() {
    return said.length >= 0;
  }

  /** A new lease, or a query of ours in this one: nothing is known of the backend's own. */
  void onLease() {
    here = false;
  }

  /**
   * A Parse without a name. Where there is no room for its text, it {@link #isLost} to the next
   * lease.
   *
   * @param mayBeSkipped something in front of it may fail
   */
  RequestEffect parsed(
      ByteBuf in, int index, int bytes, StatementMeaning itsMeaning, boolean mayBeSkipped) {
    byte[] buffer = mayBeSkipped || said.naming != null ? EMPTY : said.definition;
    Said now = say(mayBeSkipped);
    boolean fits = buffer.length >= bytes && (buffer.length <= KEPT || bytes > KEPT);
    if (now.counts(fits ? buffer.length : bytes)) {
      now.definition = fits ? buffer : new byte[bytes];
      in.getBytes(index, now.definition, 0, bytes);
    }
    now.length = bytes;
    now.meaning = itsMeaning;
    here = true;
    return now;
  }

  /**
   * As {@link #parsed}, of a text that names a statement; null where there is no room to keep it.
   */
  @Nullable RequestEffect parsed(NamingText text, boolean mayBeSkipped) {
    int bytes = text.size() <= KEPT ? 0 : text.size();
    if (bytes > 0 && !memory.take(bytes)) {
      return null;
    }
    Said now = say(mayBeSkipped);
    now.counted = bytes;
    now.definition = text.definition();
    now.length = now.definition.length;
    now.meaning = text.meaning();
    now.naming = text;
    here = true;
    return now;
  }

  /** The name in its text stands for another statement now. */
  void names(NamingText text) {
    said.letGo();
    if (text.size() > KEPT) { // about as large as it was
      said.counted = text.size();
      memory.force(said.counted);
    }
    said.definition = text.definition();
    said.length = said.definition.length;
    said.meaning = text.meaning();
    said.naming = text;
    here = false;
  }

  /** As {@link #parsed}, under a name of ours: the backend's own nameless one stays as it is. */
  RequestEffect parsedAs(SharedStatement statement, boolean mayBeSkipped) {
    Said now = say(mayBeSkipped);
    now.length = statement.definitionLength();
    now.meaning = statement.meaning();
    now.repeated = statement;
    here = false;
    return now;
  }

  /** One that is too long to be said again: its session is pinned to the backend that has it. */
  RequestEffect parsedUnread(boolean mayBeSkipped) {
    Said now = say(mayBeSkipped);
    now.unread = true;
    here = true;
    return now;
  }

  /** It is gone: the server drops it with a simple query. */
  void drop() {
    said.empty();
    said.settle();
    here = false;
  }

  /**
   * As {@link #drop}, by a request that may be skipped.
   *
   * @return what depends on that; null: nothing
   */
  @Nullable RequestEffect dropped(boolean mayBeSkipped) {
    if (!mayBeSkipped || (!defined() && !said.unread && said.before == null)) {
      drop();
      return null;
    }
    Said now = say(true);
    here = false;
    return now;
  }

  /** Whether the backend must be given the statement, or relieved of another session's. */
  boolean isElsewhere() {
    return !here;
  }

  /** Gives the backend what this session last parsed, or makes sure that it has nothing. */
  void bring(SessionBackend backend) {
    here = true;
    RequestEffect effect = ours(ask());
    if (defined()) {
      backend.parseUnnamed(said.definition, said.length, effect);
    } else {
      backend.dropLeftovers(effect);
    }
  }

  /**
   * Whether it depends on the answer to an earlier batch, not here yet, what a Bind without a name
   * would bind: if that batch fails, the backend may have another session's.
   */
  boolean undecided() {
    return !proven
        && askedIn != batch.number()
        && (here || said.repeated != null || said.before != null);
  }

  /** Whether an answer has come since this was asked last. */
  boolean takeDecided() {
    boolean was = decided;
    decided = false;
    return was;
  }

  private Said say(boolean mayBeSkipped) {
    Said last = said;
    Said now = new Said();
    now.number = ask();
    now.wasHere = here;
    int behind = last.size() + (last.before == null ? 0 : last.behind);
    boolean small = behind <= KEPT;
    if (mayBeSkipped && behind <= MOST_BEFORE && (small || last.countsWhole())) {
      now.before = last;
      now.behind = behind;
    } else {
      last.settle();
      last.letGo();
    }
    said = now;
    return now;
  }

  private int ask() {
    proven = false;
    askedIn = batch.number();
    return ++asks;
  }

  /** Of a request of ours. */
  private RequestEffect ours(int number) {
    return new RequestEffect() {
      @Override
      public void done() {
        decided = true;
        proven |= number == asks;
      }

      @Override
      public void undone() {
        decided = true;
        proven |= number == asks;
        here = false; // what was said since is brought once more
        for (Said one = said; one != null && one.number > number; one = one.before) {
          one.wasHere = false;
        }
      }
    };
  }
}
