package dev.pooler.postgres.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.PreparedNameInText;
import dev.pooler.postgres.statement.PreparedNameInText.Kind;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.StatementMeaning;
import dev.pooler.postgres.statement.StatementName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Prepared statements that SQL text names: EXECUTE, also behind EXPLAIN and CREATE TABLE AS,
 * DEALLOCATE, and PREPARE of a name that is taken. The text gets the name under which backends know
 * the statement, and a backend that does not hold it gets a Parse of ours in front
 * (docs/design/prepared-statements.md, "By text"). Confined to the session's loop.
 */
final class StatementsInText {
  /** What one transaction may have bound of those that deallocate something. */
  private static final int MOST_PORTALS = 10_000;

  private final PreparedTraffic traffic;
  private final SessionStatements names;
  private final UnnamedStatement unnamed;
  private final OwnReading reading;
  private final StatementJudge judge;

  /** What the query that is looked at is to be sent with. */
  private List<Renamed> renamed = List.of();

  /** See {@link #holdsBack()}. */
  private boolean holdsBack;

  /** Statements with a name whose texts name others; null until there is one. */
  private @Nullable Map<SharedStatement, NamingText> texts;

  /** Portals that deallocate something once they are executed; most sessions never have one. */
  private @Nullable Map<String, Frees> bound;

  /** A name in a query, and the statement whose own name is to stand there. */
  private record Renamed(PreparedNameInText place, SharedStatement statement) {}

  /**
   * What a portal does.
   *
   * @param name that the client knows a statement by; null for all statements
   * @param shared that backends know it by; null for all statements
   */
  private record Frees(@Nullable String name, @Nullable StatementName shared) {
    static final Frees ALL = new Frees(null, null);
  }

  StatementsInText(
      PreparedTraffic traffic,
      SessionStatements names,
      UnnamedStatement unnamed,
      OwnReading reading,
      StatementJudge judge) {
    this.traffic = traffic;
    this.names = names;
    this.unnamed = unnamed;
    this.reading = reading;
    this.judge = judge;
  }

  /**
   * Whether whatever the client sends next has to wait for the answer to a query: one with a Parse
   * of ours in front, which would take all that follows with it if it failed, or a DEALLOCATE,
   * behind which a name may be gone or not.
   */
  boolean holdsBack() {
    return holdsBack;
  }

  void onLease() {
    holdsBack = false;
    bound = null;
  }

  /** Everything asked is answered. */
  void onSettled(SessionBackend backend) {
    holdsBack = false;
    if (bound != null && backend.transactionState() == TransactionState.IDLE) {
      bound = null; // portals end with their transaction
    }
  }

  private boolean mayName(StatementMeaning meaning) {
    StatementFacts facts = meaning.facts();
    return traffic.shares()
        && meaning != StatementMeaning.UNKNOWN
        && (facts.leaves(Footprint.CODE)
            || facts.leaves(Footprint.DEALLOCATE)
            || facts.leaves(Footprint.PREPARED));
  }

  /** Whether it depends on an answer to come what a name in a text stands for. */
  private boolean undecided(String name, SessionBackend backend) {
    return names.undecided(name) || traffic.undecided(names.find(name), backend);
  }

  /** What a name stands for, as this session may use it; null: nothing that backends share. */
  private @Nullable SharedStatement find(String name, SessionBackend backend) {
    SharedStatement statement = names.find(name);
    return statement == null || statement == SharedStatement.RAW
        ? null
        : reading.own(statement, name, backend);
  }

  // --- a simple query --------------------------------------------------------------------------

  /** Where a query may name statements of the session. */
  List<PreparedNameInText> find(StatementMeaning meaning, ByteBuf in, int text, int end) {
    boolean any = names.size() > 0 || meaning.facts().clears(Footprint.PREPARED);
    return any && mayName(meaning)
        ? PreparedNameInText.findAll(meaning.dialect(), in, text, end - text)
        : List.of();
  }

  /** Within a batch nothing waits: its Sync may be what the server waits for. */
  boolean mustWait(List<PreparedNameInText> places, SessionBackend backend) {
    for (PreparedNameInText place : places) {
      if (undecided(place.name(), backend) || (!backend.midBatch() && judge.deallocating())) {
        return true;
      }
    }
    return false;
  }

  /**
   * Finds what a query names.
   *
   * @return what the query means with the statements that it names
   */
  StatementMeaning plan(
      List<PreparedNameInText> places, StatementMeaning meaning, SessionBackend backend) {
    renamed = List.of();
    List<Renamed> found = places.isEmpty() ? List.of() : known(places, backend);
    boolean frees = found.stream().anyMatch(one -> one.place().kind() == Kind.DEALLOCATE);
    if (found.isEmpty() || (frees && backend.midBatch())) {
      return meaning; // what is behind it in its batch could not wait: better an error
    }
    renamed = found;
    boolean alone = meaning.facts().statements() == 1;
    StatementMeaning all = meaning;
    for (Renamed one : found) {
      all =
          alone
              ? NamingText.meaning(one.place(), meaning, one.statement())
              : one.place().executes() ? all.and(one.statement().meaning()) : all;
    }
    return all;
  }

  /** Those that stand for something when the server comes to them. */
  private List<Renamed> known(List<PreparedNameInText> places, SessionBackend backend) {
    List<Renamed> known = new ArrayList<>(places.size());
    Set<String> gone = new HashSet<>();
    for (PreparedNameInText place : places) {
      if (place.kind() == Kind.DEALLOCATE_ALL) {
        break;
      }
      SharedStatement statement = gone.contains(place.name()) ? null : find(place.name(), backend);
      if (statement != null) {
        known.add(new Renamed(place, statement));
      }
      if (place.kind() == Kind.DEALLOCATE) {
        gone.add(place.name());
      }
    }
    return known;
  }

  /**
   * The query that was planned is sent: puts the statements' own names in the places of the
   * client's.
   *
   * @return what depends on its answer, or null
   */
  @Nullable RequestEffect rename(
      long length, ByteBuf in, int index, FrameWalker walker, SessionBackend backend) {
    List<Renamed> all = renamed;
    renamed = List.of();
    if (all.isEmpty()) {
      return null;
    }
    int text = index + PgFrameFormat.HEADER;
    int grown = 0;
    for (Renamed one : all) {
      grown += one.statement().nameLength() - 1 - one.place().length();
    }
    int head = text + all.getLast().place().end() - index;
    walker.replaceStart(in, index, head);
    all.forEach(one -> bring(one.statement(), backend));
    ByteBuf out = backend.room(head + grown);
    out.writeByte(Frontend.QUERY);
    out.writeInt(Math.toIntExact(length - 1 + grown));
    int from = 0;
    for (Renamed one : all) {
      out.writeBytes(in, text + from, one.place().offset() - from);
      one.statement().writeBareName(out);
      from = one.place().end();
    }
    return freed(all, backend);
  }

  private @Nullable RequestEffect freed(List<Renamed> all, SessionBackend backend) {
    DeallocatedInTurn freed = null;
    for (Renamed one : all) {
      if (one.place().kind() == Kind.DEALLOCATE) {
        freed = freed == null ? new DeallocatedInTurn() : freed;
        freed.add(
            one.place().statement(),
            names.remove(one.place().name()).and(backend.deallocating(one.statement().name())));
        holdsBack = true;
      }
    }
    return freed;
  }

  /**
   * Which of a query's statements deallocates all; negative for none, and where that is not known.
   */
  static int freesAll(StatementMeaning meaning, List<PreparedNameInText> places) {
    if (!meaning.facts().clears(Footprint.PREPARED)) {
      return -1;
    }
    if (meaning.facts().statements() == 1) {
      return 0; // DISCARD ALL among others is refused
    }
    for (PreparedNameInText place : places) {
      if (place.kind() == Kind.DEALLOCATE_ALL) {
        return place.statement();
      }
    }
    return -1;
  }

  private void bring(SharedStatement statement, SessionBackend backend) {
    holdsBack |= !backend.asked(statement) && !backend.midBatch();
    backend.ensureForQuery(statement);
  }

  // --- a Parse ---------------------------------------------------------------------------------

  /** Where the text of a Parse may name a statement of the session; null if it doesn't. */
  @Nullable PreparedNameInText findOne(StatementMeaning meaning, ByteBuf in, int text, int end) {
    PreparedNameInText place =
        mayName(meaning) ? PreparedNameInText.find(meaning.dialect(), in, text, end - text) : null;
    return place == null || place.kind() == Kind.DEALLOCATE_ALL ? null : place;
  }

  /** Whether it depends on an answer to come what the name in it stands for. */
  boolean undecided(PreparedNameInText place, SessionBackend backend) {
    return undecided(place.name(), backend);
  }

  private NamingText read(
      byte[] original, PreparedNameInText place, StatementMeaning own, SessionBackend backend) {
    return NamingText.of(original, place, own, find(place.name(), backend));
  }

  /**
   * A text without a name that names a statement, as psycopg 3 says DEALLOCATE: it gets that
   * statement's own name. Null where there is no room to keep it.
   *
   * @param definition bytes from the text to the end of the message
   */
  @Nullable RequestEffect parse(
      PreparedNameInText place,
      StatementMeaning meaning,
      ByteBuf in,
      int index,
      int text,
      int definition,
      FrameWalker walker,
      SessionBackend backend) {
    byte[] original = ByteBufUtil.getBytes(in, text, definition, true);
    NamingText naming = read(original, place, meaning, backend);
    RequestEffect effect = unnamed.parsed(naming, backend.owes());
    if (effect == null) {
      return null;
    }
    walker.replaceStart(in, index, text + definition - index);
    ensure(naming, backend);
    int length = naming.definition().length;
    ByteBuf out = backend.room(PgFrameFormat.HEADER + 1 + length);
    out.writeByte(Frontend.PARSE).writeInt(PgFrameFormat.HEADER + length).writeByte(0);
    out.writeBytes(naming.definition());
    return effect;
  }

  /**
   * The same of one with a name: the statement that stands for it. What it names is asked for
   * before, since the server tells from that what rows there will be.
   */
  SharedStatement define(
      PreparedNameInText place,
      StatementMeaning meaning,
      ByteBuf in,
      int text,
      int definition,
      SessionBackend backend) {
    byte[] original = ByteBufUtil.getBytes(in, text, definition, true);
    return keep(read(original, place, meaning, backend));
  }

  private SharedStatement keep(NamingText naming) {
    SharedStatement statement =
        traffic.unshared(naming.definition(), naming.meaning(), naming.besideDefinition());
    Map<SharedStatement, NamingText> all = texts;
    if (all == null) {
      all = new WeakHashMap<>();
      texts = all;
    }
    all.put(statement, naming);
    return statement;
  }

  /** What a statement with a name names, or null. */
  @Nullable NamingText naming(SharedStatement statement) {
    return texts == null ? null : texts.get(statement);
  }

  /** Whether it depends on an answer to come what a text names. */
  boolean undecided(@Nullable NamingText naming, SessionBackend backend) {
    return naming != null && undecided(naming.place(), backend);
  }

  /** What stands for a statement now, whose text names another one. */
  SharedStatement now(SharedStatement statement, NamingText naming, SessionBackend backend) {
    NamingText changed = changed(naming, backend.asked(statement), backend);
    return changed == null ? statement : keep(changed);
  }

  /** The same of the statement without a name. */
  void renew(SessionBackend backend) {
    NamingText naming = unnamed.naming();
    NamingText changed = naming == null ? null : changed(naming, !unnamed.isElsewhere(), backend);
    if (changed != null) {
      unnamed.names(changed);
    }
  }

  /**
   * A text as it is to be now, or null if it stays as it is.
   *
   * @param read the backend has read it, whatever it reads in it by now
   */
  private @Nullable NamingText changed(NamingText naming, boolean read, SessionBackend backend) {
    SharedStatement statement = find(naming.name(), backend);
    boolean same = read || naming.dialect().equals(judge.dialect());
    if (same && (statement == null ? null : statement.name()) == naming.statement()) {
      return null;
    }
    StatementMeaning own = reading.reread(naming.original());
    return NamingText.of(naming.original(), naming.place(), own, statement);
  }

  /** Gives the backend what a text names, as it is now. */
  void ensure(@Nullable NamingText naming, SessionBackend backend) {
    SharedStatement statement = naming == null ? null : names.find(naming.name());
    if (naming != null && statement != null && statement.name() == naming.statement()) {
      backend.ensure(statement);
    }
  }

  // --- by the extended protocol ----------------------------------------------------------------

  /** Something is bound to a portal: what was bound to it before is gone. */
  void onBind(ByteBuf in, int portal, int zero) {
    take(in, portal, zero);
  }

  /** What is bound deallocates all statements when it is executed. */
  void onBindOfAll(ByteBuf in, int portal, int zero) {
    if (traffic.shares()) {
      put(in, portal, zero, Frees.ALL);
    }
  }

  /** What is bound may deallocate what it names when it is executed. */
  void onBind(ByteBuf in, int portal, int zero, @Nullable NamingText naming) {
    if (naming != null && naming.deallocates()) {
      put(in, portal, zero, new Frees(naming.name(), naming.statement()));
    }
  }

  /** Why a Bind may not run that would be one too many of those that deallocate; null: it may. */
  @Nullable SqlFailure refusal(StatementMeaning meaning, @Nullable NamingText naming) {
    boolean frees =
        meaning.facts().clears(Footprint.PREPARED) || (naming != null && naming.deallocates());
    return !frees || bound == null || bound.size() < MOST_PORTALS
        ? null
        : SqlFailure.error("53400", 1461, "more than " + MOST_PORTALS + " portals that deallocate")
            .withHint("Execute one before the next is bound.");
  }

  private void put(ByteBuf in, int portal, int zero, Frees frees) {
    Map<String, Frees> all = bound;
    if (all == null) {
      all = new HashMap<>(4);
      bound = all;
    }
    all.put(name(in, portal, zero), frees);
  }

  /** Whether an Execute may be of such a portal. */
  boolean watchesExecute() {
    Map<String, Frees> all = bound;
    return all != null && !all.isEmpty();
  }

  /** Whether what the Execute of this portal deallocates depends on an answer to come. */
  boolean executeWaits(ByteBuf in, int portal, int zero) {
    Frees frees = bound == null ? null : bound.get(name(in, portal, zero));
    return frees == Frees.ALL && names.undecidedAll();
  }

  /** What depends on the Execute of this portal. */
  @Nullable RequestEffect onExecute(ByteBuf in, int portal, int zero, SessionBackend backend) {
    Frees frees = take(in, portal, zero);
    if (frees == null) {
      return null;
    }
    String name = frees.name();
    StatementName statement = frees.shared();
    return name == null || statement == null
        ? names.removeAll().and(backend.deallocatingAll())
        : names.remove(name).and(backend.deallocating(statement));
  }

  private @Nullable Frees take(ByteBuf in, int portal, int zero) {
    Map<String, Frees> all = bound;
    return all == null || all.isEmpty() ? null : all.remove(name(in, portal, zero));
  }

  /** As the server knows a portal. */
  private static String name(ByteBuf in, int portal, int zero) {
    int length = Math.min(zero - portal, SessionStatements.LONGEST_NAME);
    return in.toString(portal, length, ISO_8859_1);
  }
}
