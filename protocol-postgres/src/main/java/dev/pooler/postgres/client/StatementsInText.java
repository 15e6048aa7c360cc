package dev.pooler.postgres.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.PreparedNameInText;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prepared statements that SQL text names: EXECUTE, EXPLAIN EXECUTE and DEALLOCATE. The text gets
 * the name under which backends know the statement, and a backend that does not hold it gets a
 * Parse of ours in front (docs/design/prepared-statements.md, "By text"). Confined to the session's
 * loop.
 */
final class StatementsInText {
  private final PreparedTraffic traffic;
  private final SessionStatements names;
  private final UnnamedStatement unnamed;
  private final StatementJudge judge;

  private @Nullable String deallocatedName;
  private @Nullable SharedStatement deallocatedStatement;

  /** See {@link #holdsBack()}. */
  private boolean holdsBack;

  /** Portals that deallocate something once they are executed; most sessions never have one. */
  private final List<Frees> bound = new ArrayList<>(0);

  /**
   * What a portal does.
   *
   * @param portal its bytes, as characters
   * @param named null for all statements
   */
  private record Frees(String portal, UnnamedStatement.@Nullable NamedInText named) {}

  StatementsInText(
      PreparedTraffic traffic,
      SessionStatements names,
      UnnamedStatement unnamed,
      StatementJudge judge) {
    this.traffic = traffic;
    this.names = names;
    this.unnamed = unnamed;
    this.judge = judge;
  }

  /**
   * Whether whatever the client sends next has to wait for the answer to a query: one with a Parse
   * of ours in front, which would take all that follows with it if it failed, or a DEALLOCATE, of
   * which nobody could tell later whether it was this that failed.
   */
  boolean holdsBack() {
    return holdsBack;
  }

  void onLease() {
    holdsBack = false;
    bound.clear();
  }

  /** Everything asked is answered. */
  void onSettled(SessionBackend backend, boolean failed) {
    holdsBack = false;
    if (!bound.isEmpty() && backend.transactionState() == TransactionState.IDLE) {
      bound.clear(); // portals end with their transaction
    }
    SharedStatement gone = deallocatedStatement;
    String name = deallocatedName;
    if (gone != null && name != null) {
      deallocatedStatement = null;
      if (!failed) { // it was alone
        names.forget(name);
        backend.deallocated(gone);
      }
    }
  }

  // --- a simple query --------------------------------------------------------------------------

  /** Where a query names a statement of the session; null if it doesn't. */
  @Nullable PreparedNameInText find(StatementMeaning meaning, ByteBuf in, int text, int end) {
    boolean mayName =
        meaning.facts().leaves(Footprint.CODE) || meaning.facts().leaves(Footprint.DEALLOCATE);
    if (!traffic.shares() || names.size() == 0 || !mayName || meaning == StatementMeaning.UNKNOWN) {
      return null;
    }
    return PreparedNameInText.find(meaning.dialect(), in, text, end - text);
  }

  /** Within a batch nothing waits: its Sync may be what the server waits for. */
  boolean mustWait(PreparedNameInText place, SessionBackend backend) {
    boolean frees = place.kind() == PreparedNameInText.Kind.DEALLOCATE;
    return names.undecided(place.name())
        || traffic.undecided(names.find(place.name()), backend)
        || (!backend.midBatch() && (judge.deallocating() || (frees && backend.owes())));
  }

  /**
   * Puts the statement's own name in the place of the client's.
   *
   * @return what the query means with the statement that it names
   */
  StatementMeaning rename(
      PreparedNameInText place,
      StatementMeaning meaning,
      long length,
      ByteBuf in,
      int index,
      FrameWalker walker,
      SessionBackend backend) {
    SharedStatement statement = names.find(place.name());
    if (statement == null || statement == SharedStatement.RAW) {
      return meaning;
    }
    statement = traffic.own(statement, place.name(), backend);
    boolean frees = place.kind() == PreparedNameInText.Kind.DEALLOCATE;
    if (frees && backend.midBatch()) {
      return meaning; // it may be skipped and nobody could tell: better an error
    }
    int text = index + PgFrameFormat.HEADER;
    int head = text + place.offset() - index;
    walker.replaceStart(in, index, head + place.length());
    bring(statement, backend);
    int name = statement.nameLength() - 1;
    ByteBuf out = backend.room(head + name);
    out.writeByte(Frontend.QUERY);
    out.writeInt(Math.toIntExact(length - 1 + name - place.length()));
    out.writeBytes(in, text, place.offset());
    statement.writeBareName(out);
    if (frees) {
      deallocatedName = place.name();
      deallocatedStatement = statement;
      holdsBack = true;
      return StatementMeaning.NOTHING;
    }
    return statement.meaning();
  }

  /**
   * In front of a DEALLOCATE ALL among other statements, one of which may fail: a backend without
   * any statement could not tell later whether it was carried out.
   */
  void bringWitness(ByteBuf in, int index, FrameWalker walker, SessionBackend backend) {
    SharedStatement any = names.any();
    if (any != null && !backend.holdsAny()) {
      walker.forwardPassed(in, index);
      bring(any, backend);
    }
  }

  private void bring(SharedStatement statement, SessionBackend backend) {
    holdsBack = !backend.asked(statement) && !backend.midBatch();
    backend.ensureForQuery(statement);
  }

  // --- a Parse without a name ------------------------------------------------------------------

  /**
   * A text without a name that names a statement of the session, as psycopg 3 says DEALLOCATE: it
   * gets that statement's own name. Null for any other.
   */
  @Nullable RequestEffect parse(
      StatementMeaning meaning,
      ByteBuf in,
      int index,
      int text,
      int end,
      int definition,
      FrameWalker walker,
      SessionBackend backend) {
    PreparedNameInText place = find(meaning, in, text, end);
    SharedStatement statement = place == null ? null : names.find(place.name());
    if (place == null || statement == null || statement == SharedStatement.RAW) {
      return null;
    }
    statement = traffic.own(statement, place.name(), backend);
    boolean deallocates = place.kind() == PreparedNameInText.Kind.DEALLOCATE;
    int rest = text + place.offset() + place.length();
    ByteBuf renamed = in.alloc().buffer(definition + statement.nameLength());
    try {
      renamed.writeBytes(in, text, place.offset());
      statement.writeBareName(renamed);
      renamed.writeBytes(in, rest, text + definition - rest);
      int length = renamed.readableBytes();
      walker.replaceStart(in, index, text + definition - index);
      backend.ensure(statement);
      ByteBuf out = backend.room(PgFrameFormat.HEADER + 1);
      out.writeByte(Frontend.PARSE).writeInt(PgFrameFormat.HEADER + length).writeByte(0);
      backend.send(renamed, 0, length);
      StatementMeaning its = deallocates ? StatementMeaning.NOTHING : statement.meaning();
      RequestEffect effect = unnamed.parsed(renamed, 0, length, its);
      unnamed.names(new UnnamedStatement.NamedInText(statement, place.name(), deallocates));
      return effect;
    } finally {
      renamed.release();
    }
  }

  // --- by the extended protocol ----------------------------------------------------------------

  /** Something is bound to a portal: what was bound to it before is gone. */
  void onBind(ByteBuf in, int portal, int zero) {
    if (!bound.isEmpty()) {
      take(in, portal, zero);
    }
  }

  /**
   * What is bound deallocates something when it is executed.
   *
   * @param named null for all statements
   */
  void onBind(ByteBuf in, int portal, int zero, UnnamedStatement.@Nullable NamedInText named) {
    if (traffic.shares() && (named == null || named.deallocates())) {
      bound.add(new Frees(in.toString(portal, zero - portal, ISO_8859_1), named));
    }
  }

  /** Whether an Execute may be of such a portal. */
  boolean watchesExecute() {
    return !bound.isEmpty();
  }

  /** What depends on the Execute of this portal. */
  @Nullable RequestEffect onExecute(ByteBuf in, int portal, int zero, SessionBackend backend) {
    Frees frees = take(in, portal, zero);
    if (frees == null) {
      return null;
    }
    UnnamedStatement.NamedInText named = frees.named();
    return named == null
        ? names.removeAll().and(backend.deallocatingAll())
        : names.remove(named.name()).and(backend.deallocating(named.statement()));
  }

  private @Nullable Frees take(ByteBuf in, int portal, int zero) {
    String name = in.toString(portal, zero - portal, ISO_8859_1);
    for (int i = 0; i < bound.size(); i++) {
      if (bound.get(i).portal().equals(name)) {
        return bound.remove(i);
      }
    }
    return null;
  }
}
