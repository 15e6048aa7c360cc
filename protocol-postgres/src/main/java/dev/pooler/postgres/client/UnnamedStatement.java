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
 */
final class UnnamedStatement {
  /** A buffer above this is not kept for the next, shorter one. */
  private static final int KEPT = 1024;

  private static final byte[] EMPTY = new byte[0];

  private final PipelineBatch batch;

  private byte[] definition = EMPTY;

  /** Bytes of the definition; negative while there is no such statement. */
  private int length = -1;

  private StatementMeaning meaning = StatementMeaning.UNKNOWN;

  /** What backends hold it as, where its text is one that comes again and again. */
  private @Nullable SharedStatement repeated;

  /** The shared statement that its text executes or deallocates, and by what name. */
  private @Nullable NamedInText named;

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

  /**
   * EXECUTE or DEALLOCATE of a statement of the session, in a text that has its shared name.
   *
   * @param name as the client knows it
   */
  record NamedInText(SharedStatement statement, String name, boolean deallocates) {}

  UnnamedStatement(PipelineBatch batch) {
    this.batch = batch;
  }

  @Nullable NamedInText named() {
    return length >= 0 ? named : null;
  }

  /** What was just parsed is such a text. */
  void names(NamedInText itsNamed) {
    named = itsNamed;
  }

  StatementMeaning meaning() {
    return meaning;
  }

  /** Its text has been read again. */
  void means(StatementMeaning now) {
    meaning = now;
  }

  /** Text, zero and parameter types, or null while there is no such statement. */
  byte @Nullable [] copyOfDefinition() {
    SharedStatement often = repeated;
    return length < 0
        ? null
        : often != null ? often.definition() : Arrays.copyOf(definition, length);
  }

  /** The statement by which backends know it, or null where it has no name there either. */
  @Nullable SharedStatement repeated() {
    return repeated;
  }

  /** It is to be parsed under this session's settings alone, wherever it is used. */
  void part() {
    SharedStatement often = repeated;
    if (often != null) {
      definition = often.definition().clone();
      length = definition.length;
      repeated = null;
      here = false;
    }
  }

  boolean defined() {
    return length >= 0;
  }

  /** A new lease, or a query of ours in this one: nothing is known of the backend's own. */
  void onLease() {
    here = false;
  }

  /** A Parse without a name; if it fails, or is skipped, the client has none. */
  RequestEffect parsed(ByteBuf in, int index, int bytes, StatementMeaning itsMeaning) {
    if (definition.length < bytes || (definition.length > KEPT && bytes <= KEPT)) {
      definition = new byte[bytes];
    }
    in.getBytes(index, definition, 0, bytes);
    length = bytes;
    meaning = itsMeaning;
    named = null;
    repeated = null;
    here = true;
    return ask(true);
  }

  /** As {@link #parsed}, under a name of ours: the backend's own nameless one stays as it is. */
  RequestEffect parsedAs(SharedStatement statement) {
    length = statement.definitionLength();
    meaning = statement.meaning();
    named = null;
    repeated = statement;
    here = false;
    return ask(true);
  }

  /** It is gone: the server drops it with a simple query, and with a Parse of the next. */
  void drop() {
    length = -1;
    repeated = null;
    here = false;
  }

  /** One that is too long to be said again: its session is pinned to the backend that has it. */
  RequestEffect parsedUnread() {
    length = -1;
    repeated = null;
    here = true;
    meaning = StatementMeaning.UNKNOWN;
    return ask(true);
  }

  /** Whether the backend must be given the statement, or relieved of another session's. */
  boolean isElsewhere() {
    return !here;
  }

  /** Gives the backend what this session last parsed, or makes sure that it has nothing. */
  void bring(SessionBackend backend) {
    here = true;
    RequestEffect effect = ask(false);
    if (length >= 0) {
      backend.parseUnnamed(definition, length, effect);
    } else {
      backend.dropLeftovers(effect);
    }
  }

  /**
   * Whether it depends on the answer to an earlier batch, not here yet, what a Bind without a name
   * would bind: if that batch fails, the backend may have another session's.
   */
  boolean undecided() {
    return !proven && askedIn != batch.number() && (here || repeated != null);
  }

  /** Whether an answer has come since this was asked last. */
  boolean takeDecided() {
    boolean was = decided;
    decided = false;
    return was;
  }

  private RequestEffect ask(boolean byClient) {
    proven = false;
    askedIn = batch.number();
    int number = ++asks;
    return new RequestEffect() {
      @Override
      public void done() {
        decided = true;
        proven |= number == asks;
      }

      @Override
      public void undone() {
        decided = true;
        if (number != asks) {
          return; // the client has parsed another since
        }
        if (byClient) {
          drop();
        } else {
          here = false;
        }
      }
    };
  }
}
