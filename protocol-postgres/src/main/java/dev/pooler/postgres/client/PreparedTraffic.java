package dev.pooler.postgres.client;

import dev.pooler.core.pool.EvictReason;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
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
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.PreparedNameInText;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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

  /** A longer name stays as it is, and pins: portal and statement must be seen together. */
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
  private final SessionStatements names = new SessionStatements(batch);
  private final UnnamedStatement unnamed = new UnnamedStatement(batch);
  private final StatementsInText inText;

  /** What passes concerns the session and its backend alone. */
  private boolean alone;

  /** What the next message waits for. */
  private @Nullable SharedStatement awaited;

  /** Why the message that was just looked at may not run; taken with {@link #takeRefusal}. */
  private @Nullable SqlFailure refusal;

  /**
   * No names yet.
   *
   * @param shares whether statements are the session's, and not the backend's
   * @param repeats whether texts that come again and again without a name are held by backends
   * @param clock as the janitor's ticks show it
   */
  PreparedTraffic(
      boolean shares,
      boolean repeats,
      SharedStatements shared,
      StatementJudge judge,
      LongSupplier clock) {
    this.shares = shares;
    this.repeats = repeats;
    this.shared = shared;
    this.judge = judge;
    this.clock = clock;
    this.inText = new StatementsInText(this, names, unnamed, judge);
  }

  /** Whether statements are the session's, and not the backend's. */
  boolean shares() {
    return shares;
  }

  /** The client's names, for people. */
  List<String> names() {
    return names.all();
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
    inText.onLease();
    awaited = null;
    unnamed.onLease();
  }

  /**
   * A query of ours within the lease: the server drops its unnamed statement, not the session's.
   */
  void onOwnQuery() {
    unnamed.onLease();
  }

  /**
   * A simple query, before it is expected: the server drops the unnamed statement, and where the
   * text names a shared statement it gets that statement's own name.
   *
   * @param meaning of the text as it stands
   * @return what it means with the statement that it names; null if what the name stands for
   *     depends on an answer that is not here yet
   */
  @Nullable StatementMeaning onQuery(
      StatementMeaning meaning,
      long length,
      ByteBuf in,
      int index,
      FrameWalker walker,
      SessionBackend backend) {
    int text = index + PgFrameFormat.HEADER;
    PreparedNameInText place =
        inText.find(meaning, in, text, (int) Math.min(index + length - 1, Integer.MAX_VALUE));
    if (place != null && inText.mustWait(place, backend)) {
      return null;
    }
    unnamed.drop();
    if (backend.midBatch()) {
      batch.bind(); // what was bound before has been run
    }
    if (names.size() > 0
        && meaning.facts().clears(Footprint.PREPARED)
        && (backend.owes() || meaning.facts().statements() > 1)) {
      inText.bringWitness(in, index, walker, backend);
    }
    return place == null
        ? meaning
        : inText.rename(place, meaning, length, in, index, walker, backend);
  }

  /** What running the statement of this name means, or null where that is not known. */
  @Nullable StatementMeaning meaning(ByteBuf in, int name, int zero) {
    if (name == zero) {
      return unnamed.defined() ? unnamed.meaning() : null;
    }
    SharedStatement statement = shares ? names.find(in, name, zero) : null;
    return statement == null || statement == SharedStatement.RAW ? null : statement.meaning();
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
    unnamed.parsed(in, 0, definition.length, meaning).done();
    unnamed.onLease(); // no backend has it
  }

  void onSync() {
    batch.onSync();
  }

  /** Whether {@link #onExecute} is to see what is executed. */
  boolean watchesExecute() {
    return inText.watchesExecute();
  }

  /** What depends on an Execute. */
  @Nullable RequestEffect onExecute(ByteBuf in, int index, int available, SessionBackend backend) {
    int portal = index + PgFrameFormat.HEADER;
    int zero = nameEnd(in, portal, index + available);
    return zero < 0 ? null : inText.onExecute(in, portal, zero, backend);
  }

  /** Everything asked is answered. */
  void onSettled(SessionBackend backend, boolean failed) {
    names.onSettled();
    boolean redefined = judge.takeRedefined();
    if (backend.takeStalePlan() || redefined) {
      shared.forget();
    }
    inText.onSettled(backend, failed);
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

  /**
   * Looks at one message, changes and expects it; DROP with a refusal set if it may not run,
   * INSPECT if its text names processes.
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
        readable ? judge.read(rules, in, text, end) : StatementMeaning.UNKNOWN;
    if (judge.namesProcess(meaning)) {
      return Verdict.INSPECT; // again, with the ids that clients know
    }
    judge.noteText(meaning, in, text, end);
    refusal = judge.refusal(meaning);
    if (refusal != null) {
      return Verdict.DROP;
    }
    if (!readable) {
      judge.tooLong();
      return pass(backend, Frontend.PARSE, unread(in, name, zero));
    }
    int definition = index + available - text;
    if (name == zero) {
      RequestEffect renamed =
          inText.parse(meaning, in, index, text, end, definition, walker, backend);
      if (renamed != null) {
        return pass(backend, Frontend.PARSE, renamed);
      }
      SharedStatement often = repeated(meaning, in, text, definition, backend);
      return often != null
          ? parseRepeated(often, in, index, text, definition, walker, backend)
          : pass(backend, Frontend.PARSE, unnamed.parsed(in, text, definition, meaning));
    }
    if (!shares) {
      return pass(backend, Frontend.PARSE, null);
    }
    SharedStatement before = names.find(in, name, zero);
    if (before != null) {
      return again(before, in, index, text, definition, walker, backend);
    }
    if (names.size() >= MOST_NAMES) {
      refusal =
          SqlFailure.error("53400", 1461, "more than " + MOST_NAMES + " prepared statements")
              .withHint("Close those that are not used any more.");
      return Verdict.DROP;
    }
    return define(in, name, text, definition, meaning, walker, backend);
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
      full(backend.parsedBefore(unnamed.parsedAs(statement)));
      return Verdict.DROP;
    }
    walker.replaceStart(in, index, text - index);
    RequestEffect effect = unnamed.parsedAs(statement);
    full(backend.expectParse(statement, now, effect));
    writeParseStart(statement, definition, backend);
    return Verdict.FORWARD;
  }

  private RequestEffect unread(ByteBuf in, int name, int zero) {
    if (name == zero) {
      return unnamed.parsedUnread();
    }
    return names.define(in, name, zero, SharedStatement.RAW);
  }

  /** The name is taken: the server itself says so (42P05), of a name that it has. */
  private Verdict again(
      SharedStatement before,
      ByteBuf in,
      int index,
      int text,
      int definition,
      FrameWalker walker,
      SessionBackend backend) {
    if (undecided(before, backend)) {
      return Verdict.WAIT;
    }
    if (before != SharedStatement.RAW) {
      SharedStatement mine = own(before, in, index + PgFrameFormat.HEADER, text - 1, backend);
      walker.replaceStart(in, index, text - index);
      backend.ensure(mine);
      writeParseStart(mine, definition, backend);
    }
    return pass(backend, Frontend.PARSE, new NotTaken(backend));
  }

  /** If it succeeds after all, another text stands under a name that others share. */
  private record NotTaken(SessionBackend backend) implements RequestEffect {
    @Override
    public void done() {
      backend.spend(EvictReason.PROTOCOL_VIOLATION);
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
    SharedStatement statement =
        judge.readsLikeOthers() && mayBeShared(meaning.facts())
            ? shared.find(in, text, definition, judge.settings().planning(), meaning)
            : shared.unshared(in, text, definition, meaning);
    if (backend.holds(statement) && !batch.mayBeRefused(backend)) {
      walker.forwardPassed(in, index);
      full(backend.parsedBefore(names.define(in, name, text - 1, statement)));
      return Verdict.DROP;
    }
    if (backend.asked(statement)) {
      // A Parse of it is on its way, or this one, and may fail: none must live on the other's
      // answer.
      statement = shared.unshared(in, text, definition, meaning);
    }
    walker.replaceStart(in, index, text - index);
    full(backend.expectParse(statement, names.define(in, name, text - 1, statement)));
    writeParseStart(statement, definition, backend);
    return Verdict.FORWARD;
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
      partUnnamed(backend);
      statement = unnamed.repeated();
      if (statement == null) {
        rereadUnnamed();
        batch.bind();
        boolean all = unnamed.defined() && unnamed.meaning().facts().clears(Footprint.PREPARED);
        refusal =
            unnamed.defined() ? execution(unnamed.meaning(), in, index, walker, backend) : null;
        if (refusal != null) {
          return Verdict.DROP;
        }
        Verdict verdict = useUnnamed(Frontend.BIND, in, index, walker, backend);
        if (all && verdict == Verdict.FORWARD) {
          inText.onBind(in, portal, name - 1, null);
        }
        return verdict;
      }
    } else {
      statement = shares ? names.find(in, name, zero) : null;
      if (statement == null && shares) {
        judge.onUnreadStatement(); // of a PREPARE by text, if the server knows it
      }
      if (statement == null || statement == SharedStatement.RAW) {
        batch.bind();
        return pass(backend, Frontend.BIND, null); // the server knows it, or knows what to say
      }
    }
    if (undecided(statement, backend)) {
      return Verdict.WAIT;
    }
    statement = own(statement, in, name, zero, backend);
    refusal = execution(statement.meaning(), in, index, walker, backend);
    if (refusal != null) {
      return Verdict.DROP;
    }
    if (statement.meaning().facts().clears(Footprint.PREPARED)) {
      inText.onBind(in, portal, name - 1, null);
    }
    keepBatch(statement, in, index, backend);
    walker.replaceStart(in, index, zero + 1 - index);
    backend.ensure(statement);
    int grown = statement.nameLength() - (zero + 1 - name);
    ByteBuf out = backend.room(name - index + statement.nameLength());
    out.writeByte(Frontend.BIND).writeInt(Math.toIntExact(length - 1 + grown));
    out.writeBytes(in, portal, name - portal);
    statement.writeName(out);
    return pass(backend, Frontend.BIND, null);
  }

  /**
   * What a Bind will run.
   *
   * @param portal where its body begins
   * @return null for a name that the session does not have, or does not have yet
   */
  @Nullable StatementMeaning bound(ByteBuf in, int portal, int end) {
    int name = nameEnd(in, portal, end) + 1;
    int zero = name == 0 ? -1 : nameEnd(in, name, end);
    if (zero < 0) {
      return StatementMeaning.UNKNOWN;
    }
    if (name == zero) {
      return unnamed.defined() ? unnamed.meaning() : null;
    }
    SharedStatement statement = names.find(in, name, zero);
    return statement == null ? null : statement.meaning();
  }

  /**
   * A statement that others share, on its way to a backend that does not hold it: where it would be
   * parsed under other settings than theirs, this session has one of its own from now on. Its text
   * is read again where it means something else now.
   */
  private SharedStatement own(SharedStatement statement, SessionBackend backend) {
    PgSettings planning = statement.planning();
    StatementMeaning meaning = statement.meaning();
    boolean rereads = !meaning.dialect().equals(judge.dialect());
    boolean parts = planning != null && (judge.partsFrom(planning) || !judge.readsLikeOthers());
    if (!(parts || rereads) || statement == SharedStatement.RAW || backend.asked(statement)) {
      return statement;
    }
    return shared.unshared(statement, rereads ? reread(statement.definition()) : meaning);
  }

  private StatementMeaning reread(byte[] definition) {
    ByteBuf in = Unpooled.wrappedBuffer(definition);
    return judge.read(PgFrontDoor.loopRules(), in, 0, Strings.end(in, 0, definition.length));
  }

  /** Before a Bind without a name: the backend may be about to parse its text. */
  private void rereadUnnamed() {
    byte[] definition =
        unnamed.isElsewhere() && !unnamed.meaning().dialect().equals(judge.dialect())
            ? unnamed.copyOfDefinition()
            : null;
    if (definition != null) {
      unnamed.means(reread(definition));
    }
  }

  /** As above, of one that SQL text names. */
  SharedStatement own(SharedStatement statement, String name, SessionBackend backend) {
    SharedStatement mine = own(statement, backend);
    if (mine != statement) {
      names.replace(name, mine);
    }
    return mine;
  }

  private SharedStatement own(
      SharedStatement statement, ByteBuf in, int name, int zero, SessionBackend backend) {
    SharedStatement mine = own(statement, backend);
    if (mine != statement) {
      names.replace(in, name, zero, mine);
    }
    return mine;
  }

  private void partUnnamed(SessionBackend backend) {
    SharedStatement statement = unnamed.repeated();
    if (statement != null && own(statement, backend) != statement) {
      unnamed.part();
    }
  }

  /**
   * Keeps the rest of the batch where it can be run again if the statement turns out to be
   * outdated: outside a transaction, with nothing of it run before.
   */
  private void keepBatch(SharedStatement statement, ByteBuf in, int index, SessionBackend backend) {
    boolean first = batch.bind();
    if (first
        && alone
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
    if (judge.forgetsSequences(meaning.facts(), backend)) {
      walker.forwardPassed(in, index);
      backend.forgetSequences();
    }
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
    partUnnamed(backend);
    SharedStatement statement =
        name == zero ? unnamed.repeated() : shares ? names.find(in, name, zero) : null;
    if (name == zero && statement == null) {
      return useUnnamed(Frontend.DESCRIBE, in, index, walker, backend);
    }
    if (undecided(statement, backend)) {
      return Verdict.WAIT;
    }
    if (statement != null && statement != SharedStatement.RAW) {
      statement = own(statement, in, name, zero, backend);
      keepBatch(statement, in, index, backend);
      walker.replaceStart(in, index, zero + 1 - index);
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
      unnamed.drop();
      return pass(backend, Frontend.CLOSE, null);
    }
    if (names.undecided(in, name, zero)) {
      return Verdict.WAIT;
    }
    boolean known = names.find(in, name, zero) != null;
    return pass(backend, Frontend.CLOSE, known ? names.remove(in, name, zero) : null);
  }

  private Verdict useUnnamed(
      int type, ByteBuf in, int index, FrameWalker walker, SessionBackend backend) {
    UnnamedStatement.NamedInText named = unnamed.named();
    if (named != null && undecided(named.statement(), backend)) {
      return Verdict.WAIT;
    }
    if (unnamed.isElsewhere()) {
      walker.forwardPassed(in, index); // what came before must not be overtaken
      unnamed.bring(backend);
    }
    if (named != null) {
      walker.forwardPassed(in, index);
      backend.ensure(named.statement());
      if (type == Frontend.BIND) {
        int portal = index + PgFrameFormat.HEADER;
        inText.onBind(in, portal, nameEnd(in, portal, in.writerIndex()), named);
      }
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
