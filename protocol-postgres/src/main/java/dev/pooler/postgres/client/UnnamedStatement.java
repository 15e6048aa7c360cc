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

  private byte[] definition = EMPTY;

  /** Bytes of the definition; negative while there is no such statement. */
  private int length = -1;

  private StatementMeaning meaning = StatementMeaning.UNKNOWN;

  /** The shared statement that its text executes or deallocates, and by what name. */
  private @Nullable NamedInText named;

  /** Counts the statements without a name that the session has parsed. */
  private int parses;

  /** The backend of this lease holds it. */
  private boolean here;

  /**
   * EXECUTE or DEALLOCATE of a statement of the session, in a text that has its shared name.
   *
   * @param name as the client knows it
   */
  record NamedInText(SharedStatement statement, String name, boolean deallocates) {}

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

  /** Text, zero and parameter types, or null while there is no such statement. */
  byte @Nullable [] copyOfDefinition() {
    return length < 0 ? null : Arrays.copyOf(definition, length);
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
    here = true;
    return new Parsed(++parses);
  }

  /** It is gone: the server drops it with a simple query, and with a Parse of the next. */
  void drop() {
    length = -1;
    here = false;
  }

  /** One that is too long to be said again: its session is pinned to the backend that has it. */
  RequestEffect parsedUnread() {
    length = -1;
    here = true;
    meaning = StatementMeaning.UNKNOWN;
    return new Parsed(++parses);
  }

  /** Whether the backend must be given the statement, or relieved of another session's. */
  boolean isElsewhere() {
    return !here;
  }

  /** Gives the backend what this session last parsed, or makes sure that it has nothing. */
  void bring(SessionBackend backend) {
    if (length >= 0) {
      backend.parseUnnamed(definition, length);
    } else {
      backend.dropLeftovers();
    }
    here = true;
  }

  private final class Parsed implements RequestEffect {
    private final int number;

    Parsed(int number) {
      this.number = number;
    }

    @Override
    public void done() {}

    @Override
    public void undone() {
      if (number == parses) { // else the client has parsed another since
        drop();
      }
    }
  }
}
