package dev.pooler.postgres.client;

import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.PoolCounters;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SessionReport;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.core.wire.FrameWalker;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.PreparedNameInText;
import dev.pooler.postgres.statement.ProcessParameter;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Parse, Bind, Describe and Close of one session. A named statement is the session's, not the
 * backend's: its messages get the name under which backends share it, and a backend that does not
 * hold it gets a Parse of ours in front. Nothing is made up: each of the client's messages is
 * answered or skipped by the server itself, in its place (docs/design/prepared-statements.md).
 *
 * <p>Confined to the session's loop. In session mode names pass as they are.
 */
final class PreparedTraffic {
  /** Enough for the names at the start of a Bind, Describe or Close. */
  static final int NAMES = 8 * 1024;

  /**
   * A longer name, of which 63 bytes count, stays as it is, and pins: portal and statement must be
   * seen together.
   */
  private static final int LONGEST_NAME = NAMES / 2 - 100;

  /** What one client may have prepared at once. */
  private static final int MOST_NAMES = 10_000;

  /**
   * A text that comes again and again is parsed anew after so long: what it is resolved to, and how
   * it is planned, is never older (docs/design/prepared-statements.md).
   */
  private static final long REPEATED_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final boolean shares;
  private final boolean repeats;
  private final SharedStatements shared;
  private final StatementJudge judge;
  private final LongSupplier clock;
  private final PipelineBatch batch = new PipelineBatch();
  private final SessionMemory memory;
  private final SessionStatements names;
  private final UnnamedStatement unnamed;
  private final OwnReading reading;
  private final StatementsInText inText;
  private final LastStatement last;

  /** Names given, and Binds of them, that are not counted yet. */
  private int given;

  private int bound;

  /** What passes concerns the session and its backend alone. */
  private boolean alone;

  /** What the next message waits for. */
  private @Nullable SharedStatement awaited;

  /** What the text takes that is parsed next, which was rewritten for that; null where none was. */
  private @Nullable ProcessParameter parses;

  /** What the Bind that was just looked at may bring; taken with {@link #takeBrought}. */
  private @Nullable ProcessParameter brought;

  /** What depends on the query that was just looked at; taken with {@link #sendQuery}. */
  private @Nullable RequestEffect ofQuery;

  /** A COPY has been bound in this transaction. */
  private boolean copies;

  /** Which of that query's statements deallocates all; negative: none, or that is not known. */
  private int freesAll;

  /** Why the message that was just looked at may not run; taken with {@link #takeRefusal}. */
  private @Nullable SqlFailure refusal;

  /**
   * No names yet.
   *
   * @param shares whether statements are the session's, and not the backend's
   * @param repeats whether texts that come again and again without a name are held by backends
   * @param memory what the names and their statements are counted in
   * @param last is told the texts
   * @param clock as the janitor's ticks show it
   */
  PreparedTraffic(
      boolean shares,
      boolean repeats,
      SharedStatements shared,
      SessionMemory memory,
      StatementJudge judge,
      LastStatement last,
      LongSupplier clock) {
    this.shares = shares;
    this.repeats = repeats;
    this.shared = shared;
    this.judge = judge;
    this.last = last;
    this.clock = clock;
    this.memory = memory;
    this.names = new SessionStatements(batch, memory);
    this.unnamed = new UnnamedStatement(batch, memory);
    this.reading = new OwnReading(shared, judge, names, unnamed);
    this.inText = new StatementsInText(this, names, unnamed, reading, judge);
  }

  /** Whether statements are the session's, and not the backend's. */
  boolean shares() {
    return shares;
  }

  /** What the client has prepared by name, for people: some of it where it is much. */
  List<SessionReport.Prepared> named() {
    List<SessionReport.Prepared> some = new ArrayList<>();
    if (shares) {
      names.some(SessionReport.MOST, (name, statement) -> some.add(report(name, statement)));
    }
    return some;
  }

  /** The statement without a name, for people; null where there is none. */
  SessionReport.@Nullable Prepared unnamed() {
    byte[] definition = unnamed.copyOfDefinition();
    if (definition == null) {
      return unnamed.isLost() || unnamed.isUnread() ? report("", null, false, null) : null;
    }
    boolean often = unnamed.repeated() != null;
    return report("", definition, often, unnamed.meaning().dialect());
  }

  private SessionReport.Prepared report(String name, SharedStatement statement) {
    NamingText naming = inText.naming(statement);
    byte[] definition = naming == null ? statement.definition() : naming.original();
    return report(
        name,
        statement == SharedStatement.RAW ? null : definition,
        statement.planning() != null,
        statement.meaning().dialect());
  }

  private static SessionReport.Prepared report(
      String name, byte @Nullable [] definition, boolean isShared, @Nullable Dialect dialect) {
    return definition == null || dialect == null
        ? new SessionReport.Prepared(name, null, false, List.of())
        : new SessionReport.Prepared(
            name,
            LastStatement.shown(dialect, definition),
            isShared,
            parameterTypes(Unpooled.wrappedBuffer(definition)));
  }

  /** They stand behind the text: how many, and each. */
  private static List<Integer> parameterTypes(ByteBuf definition) {
    definition.readerIndex(Strings.end(definition, 0, definition.writerIndex()) + 1);
    List<Integer> types = new ArrayList<>();
    if (definition.readableBytes() >= 2) {
      int all = Math.min(definition.readUnsignedShort(), SessionReport.MOST);
      while (types.size() < all && definition.readableBytes() >= 4) {
        types.add(definition.readInt());
      }
    }
    return types;
  }

  /** How the text begins of the statement of this name, for people; null if it isn't known. */
  @Nullable String text(ByteBuf in, int name, int zero) {
    LastStatement one = new LastStatement();
    if (name == zero) {
      unnamed.tell(one);
    } else {
      tell(names.find(in, name, zero), one);
    }
    return one.text();
  }

  /**
   * A message is answered with an error of ours. A server would not have the statement without a
   * name any more: exec_simple_query and exec_parse_message drop it before they look at the text.
   */
  void failedHere(ByteBuf in, int index) {
    int type = PgFrameFormat.FRONTEND.type(in, index);
    int name = index + PgFrameFormat.HEADER;
    boolean nameless = type == Frontend.PARSE && name < in.writerIndex() && in.getByte(name) == 0;
    if (type == Frontend.QUERY || nameless) {
      unnamed.drop();
    }
  }

  /** How many those are; a glance for other threads. */
  int count() {
    return shares ? names.size() : 0;
  }

  /** Adds what has been asked since the last time: once for a request, not for each message. */
  void countTo(PoolCounters counters, SessionBackend backend) {
    int parsed = backend.takeParses();
    if ((given | bound | parsed) != 0) {
      counters.prepared(given, parsed, bound);
      given = 0;
      bound = 0;
    }
  }

  /** The client's name for a shared statement, or null. */
  @Nullable String nameOf(String shared) {
    return names.nameOf(shared);
  }

  /**
   * A backend is there.
   *
   * @param listens for whose channels a message may have to wait
   */
  void onLease(boolean listens) {
    alone = shares && !listens;
    copies = false;
    inText.onLease();
    awaited = null;
    unnamed.onLease();
    names.onLease();
  }

  /**
   * A query of ours within the lease: the server drops its unnamed statement, not the session's.
   */
  void onOwnQuery() {
    unnamed.onLease();
  }

  /**
   * A simple query, before it may run: the server drops the unnamed statement, and where the text
   * names shared statements it is to get their own names.
   *
   * @param meaning of the text as it stands
   * @return what it means with the statements that it names; null if what a name stands for depends
   *     on an answer that is not here yet
   */
  @Nullable StatementMeaning onQuery(
      StatementMeaning meaning,
      long length,
      ByteBuf in,
      int index,
      FrameWalker walker,
      SessionBackend backend) {
    int text = index + PgFrameFormat.HEADER;
    List<PreparedNameInText> places =
        inText.find(meaning, in, text, (int) Math.min(index + length - 1, Integer.MAX_VALUE));
    if (inText.mustWait(places, backend)) {
      return null;
    }
    forgetIfDeallocated(meaning.facts());
    boolean whole = meaning != StatementMeaning.UNKNOWN;
    ofQuery =
        whole && UnreadableText.is(in, text, (int) (index + length - 1), backend)
            ? null
            : unnamed.dropped(backend.owes());
    if (backend.midBatch()) {
      batch.bind(); // what was bound before has been run
    }
    freesAll = shares ? StatementsInText.freesAll(meaning, places) : -1;
    return inText.plan(places, meaning, backend);
  }

  /**
   * The query that {@link #onQuery} has seen is sent, with other names where it was found to have
   * some.
   *
   * @return what depends on its answer, or null
   */
  @Nullable RequestEffect sendQuery(
      long length, ByteBuf in, int index, FrameWalker walker, SessionBackend backend) {
    RequestEffect renamed = inText.rename(length, in, index, walker, backend);
    RequestEffect dropped = ofQuery;
    ofQuery = null;
    RequestEffect freed = freesAll < 0 ? null : judge.deallocatesAll(freesAll);
    return and(and(dropped, renamed), freed);
  }

  private static @Nullable RequestEffect and(
      @Nullable RequestEffect one, @Nullable RequestEffect next) {
    return one == null ? next : next == null ? one : one.and(next);
  }

  /** That query is not sent as it is, but something in its place that the server takes for one. */
  void replacedQuery() {
    RequestEffect dropped = ofQuery;
    ofQuery = null;
    if (dropped != null) {
      dropped.done();
    }
  }

  /**
   * What running the statement of this name means, or null where that is not known, or depends on
   * what a name in its text stands for by then.
   */
  @Nullable StatementMeaning meaning(ByteBuf in, int name, int zero) {
    if (name == zero) {
      return unnamed.defined() && unnamed.naming() == null ? unnamed.meaning() : null;
    }
    SharedStatement statement = shares ? names.find(in, name, zero) : null;
    return statement == null || statement == SharedStatement.RAW || inText.naming(statement) != null
        ? null
        : statement.meaning();
  }

  /** The statement of this name as a Parse has it behind the name, or null. */
  byte @Nullable [] definition(ByteBuf in, int name, int zero) {
    if (name == zero) {
      return unnamed.copyOfDefinition();
    }
    SharedStatement statement = shares ? names.find(in, name, zero) : null;
    return statement == null || statement == SharedStatement.RAW ? null : statement.definition();
  }

  /** A query has been answered without a backend: what the server does with it is done here. */
  void onLocalQuery() {
    unnamed.drop();
  }

  /** A Parse without a name has been answered without a backend. */
  void onLocalParse(byte[] definition, StatementRules rules) {
    ByteBuf in = Unpooled.wrappedBuffer(definition);
    int text = definition.length - 3; // zero, no parameter types
    StatementMeaning meaning = judge.read(rules, in, 0, text);
    unnamed.parsed(in, 0, definition.length, meaning, false).done();
    unnamed.onLease(); // no backend has it
  }

  void onSync() {
    batch.onSync();
  }

  /** The session is over: nothing is kept for it any more. */
  void close() {
    names.close();
    unnamed.close();
  }

  /** Whether an Execute may be that of a COPY. */
  boolean copies() {
    return copies;
  }

  /** Whether {@link #onExecute} is to see what is executed. */
  boolean watchesExecute() {
    return inText.watchesExecute();
  }

  /** Whether an Execute has to wait for what an earlier batch deallocates. */
  boolean executeWaits(ByteBuf in, int index, int available) {
    int portal = index + PgFrameFormat.HEADER;
    int zero = nameEnd(in, portal, index + available);
    return zero >= 0 && inText.executeWaits(in, portal, zero);
  }

  /** What depends on an Execute. */
  @Nullable RequestEffect onExecute(ByteBuf in, int index, int available, SessionBackend backend) {
    int portal = index + PgFrameFormat.HEADER;
    int zero = nameEnd(in, portal, index + available);
    return zero < 0 ? null : inText.onExecute(in, portal, zero, backend);
  }

  /** Everything asked is answered. */
  void onSettled(SessionBackend backend) {
    names.onSettled();
    copies &= backend.transactionState() != TransactionState.IDLE; // portals end with it
    boolean redefined = judge.takeRedefined();
    if (backend.takeStalePlan() || redefined) {
      shared.forget();
    }
    inText.onSettled(backend);
    if (judge.takeDeallocated()) {
      names.retain(backend::asked);
    }
  }

  /** Whether whatever the client sends next has to wait for the answer to a query. */
  boolean holdsBack() {
    return inText.holdsBack();
  }

  /**
   * Whether a statement depends on the answer to an earlier batch, not here yet: a Parse of ours in
   * it is skipped if that batch fails.
   */
  boolean undecided(@Nullable SharedStatement statement, SessionBackend backend) {
    boolean waits = statement != null && backend.undecided(statement);
    if (waits) {
      awaited = statement;
    }
    return waits;
  }

  /** Whether what a message waited for has been answered. */
  boolean takeDecided(SessionBackend backend) {
    SharedStatement statement = awaited;
    boolean there = statement != null && !backend.undecided(statement);
    if (there) {
      awaited = null;
    }
    boolean named = names.takeDecided();
    boolean nameless = unnamed.takeDecided();
    return named || nameless || there;
  }

  @Nullable SqlFailure takeRefusal() {
    SqlFailure mine = refusal;
    refusal = null;
    return mine;
  }

  /** The text that is parsed next has been rewritten and takes this from a Bind; null: no more. */
  void parsing(@Nullable ProcessParameter takes) {
    parses = takes;
  }

  /** What the Bind brings that was just looked at, and is to be looked at again. */
  ProcessParameter takeBrought() {
    ProcessParameter mine = brought;
    if (mine == null) {
      throw new IllegalStateException("no Bind with a process id");
    }
    brought = null;
    return mine;
  }

  /**
   * Looks at one message, changes and expects it; DROP with a refusal set if it may not run,
   * INSPECT if its text names processes, or it is a Bind that may bring one.
   */
  Verdict on(
      int type,
      long length,
      ByteBuf in,
      int index,
      int available,
      FrameWalker walker,
      SessionBackend backend,
      StatementRules rules) {
    if (shares && judge.deallocating() && !backend.midBatch()) {
      return Verdict.WAIT; // all names may be gone, or none
    }
    return switch (type) {
      case Frontend.PARSE -> onParse(length, in, index, available, walker, backend, rules);
      case Frontend.BIND -> onBind(length, in, index, available, walker, backend);
      case Frontend.DESCRIBE -> onDescribe(length, in, index, available, walker, backend);
      case Frontend.CLOSE -> onClose(in, index, available, backend);
      default -> throw new IllegalStateException("no message about statements: " + type);
    };
  }

  private Verdict onParse(
      long length,
      ByteBuf in,
      int index,
      int available,
      FrameWalker walker,
      SessionBackend backend,
      StatementRules rules) {
    int name = index + PgFrameFormat.HEADER;
    int zero = Strings.end(in, name, index + available);
    int text = zero + 1;
    if (shares && names.undecided(in, name, zero)) {
      return Verdict.WAIT;
    }
    boolean readable = length <= available && zero - name <= LONGEST_NAME;
    int end = readable ? Strings.end(in, text, index + available) : text;
    StatementMeaning meaning =
        readable ? judge.read(rules, in, text, end).taking(parses) : StatementMeaning.UNKNOWN;
    if (judge.namesProcess(meaning)) {
      return Verdict.INSPECT; // again, with the ids that clients know
    }
    judge.noteText(meaning, in, text, end);
    if (!judge.isRetold()) {
      Dialect how = readable ? meaning.dialect() : judge.dialect();
      last.note(how, in, text, readable ? end : index + available);
    }
    refusal = judge.refusal(meaning);
    if (refusal != null) {
      return Verdict.DROP;
    }
    if (name == zero && readable && UnreadableText.is(in, text, end, backend)) {
      return pass(backend, Frontend.PARSE, null);
    }
    SharedStatement before = shares && name != zero ? names.find(in, name, zero) : null;
    if (before != null && before != SharedStatement.RAW) {
      return again(before, length, readable ? meaning : null, in, index, text, walker, backend);
    }
    if (!readable) {
      RequestEffect effect = unread(in, name, zero, backend);
      if (refusal != null) {
        return Verdict.DROP;
      }
      judge.tooLong();
      return pass(backend, Frontend.PARSE, effect);
    }
    forgetIfDeallocated(meaning.facts());
    int definition = index + available - text;
    boolean namesAny = shares && before == null;
    PreparedNameInText place = namesAny ? inText.findOne(meaning, in, text, end) : null;
    if (place != null && inText.undecided(place, backend)) {
      return Verdict.WAIT;
    }
    if (name == zero) {
      if (place != null) {
        RequestEffect effect =
            inText.parse(place, meaning, in, index, text, definition, walker, backend);
        if (effect == null) {
          refusal = memory.noRoom();
          return Verdict.DROP;
        }
        return pass(backend, Frontend.PARSE, effect);
      }
      SharedStatement often = repeated(meaning, in, text, definition, backend);
      return often != null
          ? parseRepeated(often, in, index, text, definition, walker, backend)
          : pass(
              backend,
              Frontend.PARSE,
              unnamed.parsed(in, text, definition, meaning, backend.owes()));
    }
    if (!shares) {
      return pass(backend, Frontend.PARSE, keep(meaning, in, name, text, definition));
    }
    if (before != null) {
      return pass(backend, Frontend.PARSE, null); // the server knows the name itself
    }
    if (names.size() >= MOST_NAMES) {
      refusal =
          SqlFailure.error("53400", 1461, "more than " + MOST_NAMES + " prepared statements")
              .withHint("Close those that are not used any more.");
      return Verdict.DROP;
    }
    return place == null
        ? define(in, name, text, definition, meaning, walker, backend)
        : defineNaming(place, in, name, text, definition, meaning, walker, backend);
  }

  /** In session mode names pass as they are, and only those are kept whose Binds are read. */
  private @Nullable RequestEffect keep(
      StatementMeaning meaning, ByteBuf in, int name, int text, int definition) {
    if (meaning.takes() != null && names.size() < MOST_NAMES) {
      SharedStatement statement = shared.unshared(in, text, definition, meaning);
      RequestEffect effect = names.define(in, name, text - 1, statement);
      if (effect != null) {
        return effect;
      }
    }
    return names.size() == 0 ? null : names.remove(in, name, text - 1);
  }

  /** The same after a text that may have freed any of those names. */
  private void forgetIfDeallocated(StatementFacts facts) {
    if (!shares && names.size() > 0 && facts.leaves(Footprint.DEALLOCATE)) {
      names.retain(_ -> false);
    }
  }

  /** Whether it means the same whenever it is parsed, and it is known what that is. */
  private static boolean mayBeShared(StatementFacts facts) {
    return !facts.is(StatementTrait.READS_CLOCK) && !facts.leaves(Footprint.UNKNOWN);
  }

  /** What stands for a text without a name that comes again and again; null where it may not. */
  private @Nullable SharedStatement repeated(
      StatementMeaning meaning, ByteBuf in, int text, int definition, SessionBackend backend) {
    StatementFacts facts = meaning.facts();
    boolean planned = facts.first() == StatementClass.READ || facts.first() == StatementClass.WRITE;
    if (!repeats
        || !planned
        || facts.statements() != 1
        || !mayBeShared(facts)
        || !judge.readsLikeOthers()
        || batch.mayBeRefused(backend)) {
      return null;
    }
    SharedStatement often =
        PgFrontDoor.texts()
            .find(in, text, definition, judge.settings().planning(), meaning, shared);
    // While an answer to a Parse of it is awaited, this one must not live on that answer.
    return often == null || (backend.asked(often) && !backend.holds(often)) ? null : often;
  }

  private Verdict parseRepeated(
      SharedStatement statement,
      ByteBuf in,
      int index,
      int text,
      int definition,
      FrameWalker walker,
      SessionBackend backend) {
    long now = clock.getAsLong();
    if (backend.parsedSince(statement, now - REPEATED_NANOS)) {
      walker.forwardPassed(in, index);
      full(backend.parsedBefore(unnamed.parsedAs(statement, backend.owes())));
      return Verdict.DROP;
    }
    walker.replaceStart(in, index, text - index);
    RequestEffect effect = unnamed.parsedAs(statement, backend.owes());
    full(backend.expectParse(statement, now, effect));
    writeParseStart(statement, definition, backend);
    return Verdict.FORWARD;
  }

  /** Null, with a refusal set where there is no room to keep its name. */
  private @Nullable RequestEffect unread(ByteBuf in, int name, int zero, SessionBackend backend) {
    if (name == zero) {
      return unnamed.parsedUnread(backend.owes());
    }
    if (shares) {
      return define(in, name, zero, SharedStatement.RAW);
    }
    return names.size() == 0 ? null : names.remove(in, name, zero);
  }

  /** Null, with a refusal set, where there is no room to keep it. */
  private @Nullable RequestEffect define(ByteBuf in, int name, int zero, SharedStatement of) {
    RequestEffect effect = names.define(in, name, zero, of);
    if (effect == null) {
      refusal = memory.noRoom();
    }
    return effect;
  }

  /**
   * The name is taken: the server itself says so (42P05), of a name that it has, unless the text is
   * none for it.
   *
   * @param meaning of its text; null where that is too long to be read
   */
  private Verdict again(
      SharedStatement before,
      long length,
      @Nullable StatementMeaning meaning,
      ByteBuf in,
      int index,
      int text,
      FrameWalker walker,
      SessionBackend backend) {
    if (undecided(before, backend)) {
      return Verdict.WAIT;
    }
    int name = index + PgFrameFormat.HEADER;
    SharedStatement mine = own(before, in, name, text - 1, backend);
    int definition = Math.toIntExact(length - (text - index));
    RequestEffect given =
        meaning == null
            ? null
            : names.giveAgain(in, name, text - 1, shared.unshared(in, text, definition, meaning));
    walker.replaceStart(in, index, text - index);
    backend.ensure(mine);
    writeParseStart(mine, definition, backend);
    RequestEffect taken = new Taken(judge, backend, mine, given == null);
    return pass(backend, Frontend.PARSE, given == null ? taken : taken.and(given));
  }

  /**
   * If it succeeds after all, code has deallocated all statements, and another text stands under a
   * name that others share: nobody else gets that backend, and this session gives up the name.
   *
   * @param unkept the other text is too long to be read, or there is no room for it
   */
  private record Taken(
      StatementJudge judge, SessionBackend backend, SharedStatement statement, boolean unkept)
      implements RequestEffect {
    @Override
    public void done() {
      backend.spend(EvictReason.PROTOCOL_VIOLATION);
      judge.onDeallocatedByCode();
      if (unkept) {
        judge.tooLong(); // it stays where it is, under that name
      } else {
        backend.displaced(statement);
      }
    }

    @Override
    public void undone() {}
  }

  private Verdict define(
      ByteBuf in,
      int name,
      int text,
      int definition,
      StatementMeaning meaning,
      FrameWalker walker,
      SessionBackend backend) {
    int index = name - PgFrameFormat.HEADER;
    given++;
    SharedStatement statement =
        judge.readsLikeOthers() && mayBeShared(meaning.facts())
            ? shared.find(in, text, definition, judge.settings().planning(), meaning)
            : shared.unshared(in, text, definition, meaning);
    boolean there = backend.holds(statement) && !batch.mayBeRefused(backend);
    if (!there && backend.asked(statement)) {
      // A Parse of it is on its way, or this one, and may fail: none must live on the other's
      // answer.
      shared.spare(statement);
      statement = shared.unshared(in, text, definition, meaning);
    }
    RequestEffect effect = define(in, name, text - 1, statement);
    if (effect == null) {
      return Verdict.DROP;
    }
    if (there) {
      walker.forwardPassed(in, index);
      full(backend.parsedBefore(effect));
      return Verdict.DROP;
    }
    walker.replaceStart(in, index, text - index);
    full(backend.expectParse(statement, effect));
    writeParseStart(statement, definition, backend);
    return Verdict.FORWARD;
  }

  /** One whose text names another statement, which may come to be another one. */
  private Verdict defineNaming(
      PreparedNameInText place,
      ByteBuf in,
      int name,
      int text,
      int definition,
      StatementMeaning meaning,
      FrameWalker walker,
      SessionBackend backend) {
    int index = name - PgFrameFormat.HEADER;
    SharedStatement statement = inText.define(place, meaning, in, text, definition, backend);
    RequestEffect effect = define(in, name, text - 1, statement);
    if (effect == null) {
      return Verdict.DROP;
    }
    walker.replaceStart(in, index, text + definition - index);
    inText.ensure(inText.naming(statement), backend);
    full(backend.expectParse(statement, effect));
    statement.writeParse(backend.room(statement.parseLength()));
    return Verdict.FORWARD;
  }

  /** A statement that nobody else gets, with so many bytes beside it. */
  SharedStatement unshared(byte[] definition, StatementMeaning meaning, int beside) {
    return shared.unshared(definition, meaning, beside);
  }

  private static void writeParseStart(
      SharedStatement statement, int definition, SessionBackend backend) {
    ByteBuf out = backend.room(PgFrameFormat.HEADER + statement.nameLength());
    out.writeByte(Frontend.PARSE).writeInt(4 + statement.nameLength() + definition);
    statement.writeName(out);
  }

  private Verdict onBind(
      long length,
      ByteBuf in,
      int index,
      int available,
      FrameWalker walker,
      SessionBackend backend) {
    int portal = index + PgFrameFormat.HEADER;
    int name = nameEnd(in, portal, index + available) + 1;
    int zero = name == 0 ? -1 : nameEnd(in, name, index + available);
    if (zero < 0) {
      batch.bind();
      return pass(backend, Frontend.BIND, null); // no name of ours is so long
    }
    if (name == zero ? unnamed.undecided() : shares && names.undecided(in, name, zero)) {
      return Verdict.WAIT;
    }
    inText.onBind(in, portal, name - 1);
    SharedStatement statement;
    if (name == zero) {
      if (inText.undecided(unnamed.naming(), backend)) {
        return Verdict.WAIT;
      }
      reading.partUnnamed(backend);
      unnamed.tell(last);
      statement = unnamed.repeated();
      if (statement == null) {
        if (unnamedIsLost()) {
          return Verdict.DROP;
        }
        rereadUnnamed(backend);
        if (unnamed.defined() && bringsProcess(unnamed.meaning(), length)) {
          return Verdict.INSPECT;
        }
        batch.bind();
        boolean all = unnamed.defined() && unnamed.meaning().facts().clears(Footprint.PREPARED);
        refusal = inText.refusal(unnamed.meaning(), unnamed.naming());
        if (refusal == null && unnamed.defined()) {
          refusal = execution(unnamed.meaning(), in, index, walker, backend);
        }
        if (refusal != null) {
          return Verdict.DROP;
        }
        Verdict verdict = useUnnamed(Frontend.BIND, in, index, walker, backend);
        if (all) {
          inText.onBindOfAll(in, portal, name - 1);
        }
        inText.onBind(in, portal, name - 1, unnamed.naming());
        return verdict;
      }
    } else {
      statement = names.find(in, name, zero);
      tell(statement, last);
      if (!shares && statement != null) {
        if (bringsProcess(statement.meaning(), length)) {
          return Verdict.INSPECT;
        }
        statement = null;
      }
      if (statement == null && shares) {
        judge.onUnreadStatement(); // of a PREPARE by text, if the server knows it
      }
      if (statement == null || statement == SharedStatement.RAW) {
        batch.bind();
        return pass(backend, Frontend.BIND, null); // the server knows it, or knows what to say
      }
    }
    if (undecided(statement, backend) || inText.undecided(inText.naming(statement), backend)) {
      return Verdict.WAIT;
    }
    if (bringsProcess(statement.meaning(), length)) {
      return Verdict.INSPECT;
    }
    statement = own(statement, in, name, zero, backend);
    NamingText naming = inText.naming(statement);
    refusal = inText.refusal(statement.meaning(), naming);
    if (refusal == null) {
      refusal = execution(statement.meaning(), in, index, walker, backend);
    }
    if (refusal != null) {
      return Verdict.DROP;
    }
    if (statement.meaning().facts().clears(Footprint.PREPARED)) {
      inText.onBindOfAll(in, portal, name - 1);
    }
    inText.onBind(in, portal, name - 1, naming);
    if (name != zero) {
      bound++;
    }
    keepBatch(statement, in, index, backend);
    walker.replaceStart(in, index, zero + 1 - index);
    inText.ensure(naming, backend);
    backend.ensure(statement);
    int grown = statement.nameLength() - (zero + 1 - name);
    ByteBuf out = backend.room(name - index + statement.nameLength());
    out.writeByte(Frontend.BIND).writeInt(Math.toIntExact(length - 1 + grown));
    out.writeBytes(in, portal, name - portal);
    statement.writeName(out);
    return pass(backend, Frontend.BIND, null);
  }

  private void tell(@Nullable SharedStatement statement, LastStatement one) {
    if (statement == null || statement == SharedStatement.RAW) {
      one.unknown();
      return;
    }
    NamingText naming = inText.naming(statement);
    byte[] definition = naming == null ? statement.definition() : naming.original();
    one.note(statement.meaning().dialect(), definition, definition.length);
  }

  private boolean bringsProcess(StatementMeaning meaning, long length) {
    boolean brings = judge.bindsProcess(meaning, length);
    if (brings) {
      brought = meaning.takes();
    }
    return brings;
  }

  /**
   * What a Bind will run.
   *
   * @param portal where its body begins
   * @return null for a name that the session does not have, or does not have yet; UNKNOWN for a
   *     text that names another statement
   */
  @Nullable StatementMeaning bound(ByteBuf in, int portal, int end) {
    int name = nameEnd(in, portal, end) + 1;
    int zero = name == 0 ? -1 : nameEnd(in, name, end);
    if (zero < 0) {
      return StatementMeaning.UNKNOWN;
    }
    if (name == zero) {
      boolean naming = unnamed.naming() != null;
      return naming ? StatementMeaning.UNKNOWN : unnamed.defined() ? unnamed.meaning() : null;
    }
    SharedStatement statement = names.find(in, name, zero);
    if (statement == null) {
      return null;
    }
    return inText.naming(statement) == null ? statement.meaning() : StatementMeaning.UNKNOWN;
  }

  /** Before a Bind without a name: the backend may be about to parse its text. */
  private void rereadUnnamed(SessionBackend backend) {
    if (unnamed.naming() != null) {
      inText.renew(backend);
      return;
    }
    byte[] definition =
        unnamed.isElsewhere() && !unnamed.meaning().dialect().equals(judge.dialect())
            ? unnamed.copyOfDefinition()
            : null;
    if (definition != null) {
      unnamed.means(reading.reread(definition, unnamed.meaning()));
    }
  }

  private SharedStatement own(
      SharedStatement statement, ByteBuf in, int name, int zero, SessionBackend backend) {
    NamingText naming = inText.naming(statement);
    SharedStatement mine =
        naming == null ? reading.own(statement, backend) : inText.now(statement, naming, backend);
    if (mine != statement) {
      names.replace(in, name, zero, mine);
    }
    return mine;
  }

  /**
   * Keeps the rest of the batch where it can be run again if the statement turns out to be
   * outdated: outside a transaction, with nothing of it run before. Whom a Bind hits it hits once.
   */
  private void keepBatch(SharedStatement statement, ByteBuf in, int index, SessionBackend backend) {
    boolean first = batch.bind();
    if (first
        && alone
        && statement.meaning().takes() == null
        && backend.transactionState() == TransactionState.IDLE
        && (!backend.frontOpen() || backend.settingsInFront())
        && !batch.mayBeRefused(backend)
        && backend.holds(statement)) {
      long measured = RepeatableBatch.measure(in, index);
      if (measured != 0) {
        backend.keepBatch(in, index, (int) measured, (int) (measured >>> 32));
      }
    }
  }

  private @Nullable SqlFailure execution(
      StatementMeaning meaning, ByteBuf in, int index, FrameWalker walker, SessionBackend backend) {
    if (judge.forgetsSequences(meaning.facts(), false, backend)) {
      walker.forwardPassed(in, index);
      backend.forgetSequences();
    }
    copies |= meaning.facts().first() == StatementClass.COPY;
    return judge.onExecution(meaning, backend);
  }

  private Verdict onDescribe(
      long length,
      ByteBuf in,
      int index,
      int available,
      FrameWalker walker,
      SessionBackend backend) {
    int name = index + PgFrameFormat.HEADER + 1;
    if (available < PgFrameFormat.HEADER + 2 || in.getByte(name - 1) != 'S') {
      return pass(backend, Frontend.DESCRIBE, null);
    }
    int zero = nameEnd(in, name, index + available);
    if (zero < 0) {
      return pass(backend, Frontend.DESCRIBE, null);
    }
    if (name == zero ? unnamed.undecided() : shares && names.undecided(in, name, zero)) {
      return Verdict.WAIT;
    }
    if (name == zero && inText.undecided(unnamed.naming(), backend)) {
      return Verdict.WAIT;
    }
    reading.partUnnamed(backend);
    SharedStatement statement =
        name == zero ? unnamed.repeated() : shares ? names.find(in, name, zero) : null;
    if (name == zero && statement == null) {
      if (unnamedIsLost()) {
        return Verdict.DROP;
      }
      rereadUnnamed(backend);
      return useUnnamed(Frontend.DESCRIBE, in, index, walker, backend);
    }
    NamingText before = statement == null ? null : inText.naming(statement);
    if (undecided(statement, backend) || inText.undecided(before, backend)) {
      return Verdict.WAIT;
    }
    if (statement != null && statement != SharedStatement.RAW) {
      statement = own(statement, in, name, zero, backend);
      keepBatch(statement, in, index, backend);
      walker.replaceStart(in, index, zero + 1 - index);
      inText.ensure(inText.naming(statement), backend);
      backend.ensure(statement);
      int grown = statement.nameLength() - (zero + 1 - name);
      ByteBuf out = backend.room(PgFrameFormat.HEADER + 1 + statement.nameLength());
      out.writeByte(Frontend.DESCRIBE).writeInt(Math.toIntExact(length - 1 + grown)).writeByte('S');
      statement.writeName(out);
    }
    return pass(backend, Frontend.DESCRIBE, null);
  }

  /**
   * A Close passes as it is: no backend knows the client's name for a shared statement, and closing
   * what is not there is no error (manual, "Message Flow"). The backend keeps the statement for
   * others.
   */
  private Verdict onClose(ByteBuf in, int index, int available, SessionBackend backend) {
    int name = index + PgFrameFormat.HEADER + 1;
    if (available < PgFrameFormat.HEADER + 2 || in.getByte(name - 1) != 'S') {
      return pass(backend, Frontend.CLOSE, null);
    }
    int zero = nameEnd(in, name, index + available);
    if (zero < 0) {
      return pass(backend, Frontend.CLOSE, null);
    }
    if (name == zero) {
      return pass(backend, Frontend.CLOSE, unnamed.dropped(backend.owes()));
    }
    if (shares && names.undecided(in, name, zero)) {
      return Verdict.WAIT;
    }
    boolean known = names.find(in, name, zero) != null;
    return pass(backend, Frontend.CLOSE, known ? names.remove(in, name, zero) : null);
  }

  /** Whether it is neither here nor kept; then a refusal is set. */
  private boolean unnamedIsLost() {
    boolean lost = unnamed.isElsewhere() && unnamed.isLost();
    if (lost) {
      refusal = SessionMemory.notKept();
    }
    return lost;
  }

  private Verdict useUnnamed(
      int type, ByteBuf in, int index, FrameWalker walker, SessionBackend backend) {
    NamingText naming = unnamed.naming();
    if (naming != null) {
      walker.forwardPassed(in, index);
      inText.ensure(naming, backend); // from that the server tells what rows there will be
    }
    if (unnamed.isElsewhere()) {
      walker.forwardPassed(in, index); // what came before must not be overtaken
      unnamed.bring(backend);
    }
    return pass(backend, type, null);
  }

  private static Verdict pass(SessionBackend backend, int type, @Nullable RequestEffect effect) {
    full(backend.expect(type, effect));
    return Verdict.FORWARD;
  }

  private static void full(boolean expected) {
    if (!expected) {
      throw new ProtocolViolation("more requests in one pipeline than can be answered");
    }
  }

  private static int nameEnd(ByteBuf in, int from, int end) {
    return from < end ? in.indexOf(from, end, (byte) 0) : -1;
  }
}
