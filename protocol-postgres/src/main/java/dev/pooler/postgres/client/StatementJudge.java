package dev.pooler.postgres.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pooler.core.config.PoolMode;
import dev.pooler.core.pool.Leftovers;
import dev.pooler.core.pool.PinReason;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.relay.RequestEffect;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.core.statement.Footprint;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.session.CodeCensus;
import dev.pooler.postgres.session.CodeNames;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.session.SessionQuestion;
import dev.pooler.postgres.session.SessionTruth;
import dev.pooler.postgres.statement.CustomSettings;
import dev.pooler.postgres.statement.LastCode;
import dev.pooler.postgres.statement.PgDialects;
import dev.pooler.postgres.statement.PgStatementRules;
import dev.pooler.postgres.statement.RoutinesInText;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SetStatement;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a session's statements mean for its lease: the settings it has, what it left on its backend,
 * and what may not run in its pool mode. One object a session, confined to its loop.
 *
 * <p>The effect of a lone SET is known when it succeeds. Everything else that may leave something
 * leaves a doubt, and the server is asked when the transaction is over ({@link SessionQuestion}):
 * it knows what a function set, what a rollback undid, which lock was granted. What no question can
 * answer pins.
 */
final class StatementJudge {
  /** Statements above this are not held to be read, they pin. */
  private static final int LARGEST_TEXT = 256 * 1024;

  /** What a session may have set, in bytes; one with more keeps its backend, which has it. */
  private static final int MOST_SETTINGS = 512 * 1024;

  /** The same of its start-up packet. */
  private static final int MOST_AT_START = 64 * 1024;

  /** Names of settings up to so many bytes are not counted. */
  private static final int FEW_NAMES = 1024;

  private static final int FUNCTION_OID = 4;
  private static final int SETTING_ONLY = Footprint.SETTING.bit();
  private static final int SETTINGS = Footprint.SETTING.bit() | Footprint.ROLE.bit();
  private static final int UNKNOWN_ONLY = Footprint.UNKNOWN.bit();

  /** Reported, and set by nobody. */
  private static final Set<String> SERVERS_OWN = Set.of("in_hot_standby");

  private final PoolMode mode;
  private final PgSettings startup;
  private final SessionPins pins;
  private final CodeCensus census;
  private final LongSupplier clock;
  private final StatementPolicy policy;
  private final SessionMemory memory;
  private PgSettings settings;

  /** How the session's texts are read where nothing is asked. */
  private Dialect dialect = PgDialects.STANDARD;

  /** Something in this transaction may have changed how texts are read. */
  private boolean rereads;

  /** Packed {@link Footprint}s to ask the server about. */
  private int doubts;

  private final HiddenCode hidden;

  /** What the settings were before {@link #mend}; null while nothing is mended. */
  private @Nullable PgSettings unmended;

  /** A definition ran in this transaction: what is known of functions ends with its commit. */
  private boolean defined;

  /** Statements of this transaction, but for those that begin and end it and its parts. */
  private int ran;

  /** What the functions set that this transaction has defined, and those that were there before. */
  private @Nullable DefinedNames definedNames;

  /** This transaction has settings of its own, on which the meaning of a text may depend. */
  private boolean setsLocally;

  /** What this transaction has made may stand in front of what others see by the same name. */
  private boolean shadows;

  /** A definition that others see has been committed; taken with {@link #takeRedefined}. */
  private boolean redefined;

  /** The server has reported what nothing shows; taken with {@link #takeUnexplained}. */
  private boolean unexplained;

  /** Functions may have run that no text shows. */
  private boolean code;

  /** Any function may have been called by its name. */
  private boolean called;

  private final CustomNames custom = new CustomNames();

  /** A transaction is begun in front of what was asked first. */
  private boolean begins;

  /** A statement alone between two transactions, whose effect is known once it has succeeded. */
  private @Nullable StatementMeaning lone;

  /** Statements that were asked to run since everything was answered. */
  private int asked;

  private boolean executed;

  /** A simple query has been sent that deallocates all prepared statements, and not answered. */
  private boolean deallocating;

  /** It has deallocated them, whatever came of the rest. */
  private boolean freed;

  private final SequenceValues sequences;
  private SequenceValues.Answer sequenceAnswer = SequenceValues.Answer.RUN;

  /** What the session listens to is on its backend, and is to go to the shared listener. */
  private boolean channelsHere;

  /** The process id that the client was told. */
  private int told;

  private boolean retold;

  /** All prepared statements are gone; taken with {@link #takeDeallocated}. */
  private boolean deallocated;

  private @Nullable StatementMeaning lastPlain;
  private final LastCode lastCode = new LastCode();

  /** Of the last question. */
  private List<String> preparedByText = List.of();

  /** What the first statement is that was asked since everything was answered. */
  private StatementClass first = StatementClass.EMPTY;

  StatementJudge(
      long session,
      PoolMode mode,
      PgSettings startup,
      SessionPins pins,
      CodeCensus census,
      LongSupplier clock,
      StatementPolicy policy,
      SessionMemory memory) {
    this.mode = mode;
    this.startup = startup;
    this.settings = startup;
    this.pins = pins;
    this.census = census;
    this.clock = clock;
    this.policy = policy;
    this.memory = memory;
    this.hidden = new HiddenCode(census, clock, policy.trustsFunctions());
    this.sequences = new SequenceValues(session, census.sequences());
  }

  PgSettings settings() {
    return settings;
  }

  /** Whether there is room to keep what the start-up packet has set. */
  boolean keepsStartup() {
    return startup.size() <= MOST_AT_START && counts(startup, custom.bytes());
  }

  /** Whether these can be kept for the session. */
  private boolean counts(PgSettings now, int custom) {
    int others = now == startup ? 0 : startup.ownSize();
    int names = custom <= FEW_NAMES ? 0 : custom;
    return now.size() <= MOST_SETTINGS && memory.settings(now.ownSize() + others + names);
  }

  /**
   * The session has these from now on. Where there is no room for them its backend has them alone,
   * and is pinned; where nothing may pin it the session goes on without them.
   *
   * @param there what its backend has now
   * @return whether there is room
   */
  private boolean keep(PgSettings now, PgSettings there, SessionBackend backend) {
    boolean room = counts(now, custom.bytes());
    if (room) {
      settings = now;
    } else {
      pins.add(PinReason.SETTING);
    }
    if (room || (mode != PoolMode.SESSION && policy.allows(PinReason.SETTING))) {
      backend.assumeSettings(there);
    }
    return room;
  }

  /** The session is over. */
  void close() {
    memory.noSettings();
  }

  /**
   * How the session's next text is read: as the settings say that are in force when the server gets
   * it, which nobody knows while something is not answered that may change them. The server reads a
   * whole text before it runs any of it (pg_parse_query).
   */
  Dialect dialect() {
    return rereads && asked > 0 ? PgDialects.IN_DOUBT : dialect;
  }

  /** The session's settings are in force, and this is what they make of its texts. */
  void readsAs(Dialect now) {
    dialect = now;
  }

  /**
   * Whether a text means here what it means to every other session with the same settings: nothing
   * that this session has made, or may have made, can stand in front of what it names.
   */
  boolean readsLikeOthers() {
    return pins.isEmpty()
        && doubts == 0
        && lone == null
        && !shadows
        && !setsLocally
        && !code
        && !hidden.mayHaveLeft();
  }

  /** Whether a text that is parsed now may mean something else than under these settings. */
  boolean partsFrom(PgSettings planning) {
    PgSettings mine = settings.planning();
    boolean unsettled = setsLocally || (doubts & SETTINGS) != 0 || lone != null;
    return unsettled || (mine != planning && !mine.equals(planning));
  }

  Leftovers leftovers() {
    if (pins.anyLasting()) {
      return Leftovers.PINNED;
    }
    if (doubts != 0 || hidden.asksCensus() || channelsHere) {
      return Leftovers.IN_DOUBT;
    }
    return pins.isEmpty() ? Leftovers.NONE : Leftovers.PINNED;
  }

  /** The client has been told that this is its server process. */
  void told(int processId) {
    told = processId;
  }

  /** Whether a text names processes, and has not been rewritten yet. */
  boolean namesProcess(StatementMeaning meaning) {
    return !retold && meaning.facts().is(StatementTrait.NAMES_PROCESS);
  }

  /**
   * Whether a Bind of such a statement may name a process, and has not been rewritten yet. In a
   * longer one than is always seen as a whole nobody looks.
   */
  boolean bindsProcess(StatementMeaning meaning, long length) {
    return meaning.takes() != null && !retold && length <= PreparedTraffic.NAMES;
  }

  /** Whether what is read is a message of ours in the place of the client's. */
  boolean isRetold() {
    return retold;
  }

  /** A message is read that has been rewritten. */
  void retold(boolean now) {
    retold = now;
  }

  /** What the session listens to is on its backend now, whether it is known or not. */
  void channelsHere() {
    channelsHere = true;
  }

  /**
   * It is settled where the session's channels are.
   *
   * @param kept on its backend, which it keeps for them
   */
  void channelsSettled(boolean kept) {
    channelsHere = false;
    pins.set(PinReason.LISTEN, kept);
  }

  /** Whether the next question asks what is listened to. */
  boolean asksChannels() {
    return channelsHere || (doubts & Footprint.LISTEN.bit()) != 0;
  }

  /** Whether the session keeps its backend for what it listens to. */
  boolean keepsChannels() {
    return pins.has(PinReason.LISTEN);
  }

  /** What SQL text has prepared and is still there: names, as the server told them. */
  List<String> preparedByText() {
    return pins.has(PinReason.PREPARED_STATEMENT) ? preparedByText : List.of();
  }

  /** Whether something that the session ran may listen on its backend. */
  boolean mayHear() {
    return asksChannels()
        || hidden.mayHaveRun()
        || hidden.asksCensus()
        || pins.has(PinReason.LISTEN);
  }

  /**
   * Whether a statement may change or show what the session listens to, or may notify, so that the
   * session hears itself; or begins a transaction in which others may.
   */
  boolean touchesChannels(StatementMeaning meaning) {
    StatementFacts facts = meaning.facts();
    return facts.is(StatementTrait.TOUCHES_CHANNELS)
        || facts.is(StatementTrait.CONTROLS_TRANSACTION)
        || facts.leaves(Footprint.CODE)
        || facts.leaves(Footprint.UNKNOWN)
        || (hidden.mayRunIn(facts) && !census.leavesChannelsAlone(clock.getAsLong()));
  }

  boolean deallocating() {
    return deallocating;
  }

  /**
   * Whether DEALLOCATE ALL or DISCARD ALL has been carried out by a simple query or by code since
   * this was asked last.
   */
  boolean takeDeallocated() {
    boolean was = deallocated;
    deallocated = false;
    return was;
  }

  /** What tells whether a query has done so, the statement of this number of it. */
  RequestEffect deallocatesAll(int statement) {
    DeallocatedInTurn turn = new DeallocatedInTurn();
    turn.add(
        statement,
        new RequestEffect() {
          @Override
          public void done() {
            freed = true;
          }

          @Override
          public void undone() {}
        });
    return turn;
  }

  /** The server says that a statement is gone which nobody has deallocated but code. */
  void onDeallocatedByCode() {
    deallocated = true;
  }

  /** Whether since this was asked last the server has reported a setting that nothing explains. */
  boolean takeUnexplained() {
    boolean was = unexplained;
    unexplained = false;
    return was;
  }

  /** Whether definitions have changed since this was asked last. */
  boolean takeRedefined() {
    boolean was = redefined;
    redefined = false;
    return was;
  }

  /** How much of a frame must be seen, header included. */
  static int inspectLength(int type, long length) {
    int wanted =
        switch (type) {
          case Frontend.BIND, Frontend.DESCRIBE, Frontend.CLOSE -> PreparedTraffic.NAMES;
          case Frontend.FUNCTION_CALL -> PgFrameFormat.HEADER + FUNCTION_OID;
          default -> LARGEST_TEXT;
        };
    return (int) Math.min(length, wanted);
  }

  void onLease(SessionBackend backend) {
    if (backend.era() < 0) {
      backend.era(census.era());
    }
    sequences.onLease(backend);
  }

  /** An Execute: what was bound runs. */
  void onExecute() {
    executed = true;
  }

  /** A simple query; a refusal, or null if it may run. */
  @Nullable SqlFailure onQuery(StatementMeaning meaning, SessionBackend backend) {
    executed = true;
    if (meaning == StatementMeaning.UNKNOWN) {
      SqlFailure refusal = refusal(meaning);
      if (refusal == null) {
        tooLong();
      }
      return refusal;
    }
    SqlFailure refusal = onExecution(meaning, backend);
    if (refusal == null && meaning.facts().clears(Footprint.PREPARED)) {
      if (backend.midBatch()) {
        doubts |= Footprint.DEALLOCATE.bit(); // what follows does not wait for the answer
      } else {
        deallocating = true;
      }
    }
    return refusal;
  }

  /** Remembers the text of what may come to pin, for people. */
  void noteText(StatementMeaning meaning, ByteBuf in, int text, int end) {
    if (meaning.facts().leavesFootprint()) {
      pins.note(meaning.dialect(), in, text, end);
    }
  }

  /** What a text means. */
  StatementMeaning read(StatementRules rules, ByteBuf in, int text, int end) {
    Dialect how = dialect();
    StatementFacts facts = rules.facts(how, in, text, end - text);
    if (facts.leaves(Footprint.CODE)) {
      return lastCode.read(how, facts, in, text, end);
    }
    if (mayDefine(facts)) {
      return definition(how, facts, in, text, end);
    }
    if (!facts.leaves(Footprint.SETTING)) {
      StatementMeaning plain = lastPlain;
      if (plain == null || plain.facts() != facts || plain.dialect() != how) {
        plain = StatementMeaning.of(facts).in(how);
        lastPlain = plain;
      }
      return plain;
    }
    boolean alone =
        facts.first() == StatementClass.SET
            && facts.footprint() == SETTING_ONLY
            && facts.statements() == 1
            && end - text <= SetStatement.LONGEST
            && isAscii(in, text, end); // else the server knows which characters it has
    List<SetStatement> sets =
        alone ? SetStatement.parseAll(in.toString(text, end - text, UTF_8)) : List.of();
    List<String> names = CustomSettings.names(how, in, text, end - text);
    boolean hidden = names == null;
    return new StatementMeaning(facts, sets, names == null ? List.of() : names, hidden, how, null);
  }

  /** What a text means that may define functions: what they may set is a part of it. */
  private static StatementMeaning definition(
      Dialect how, StatementFacts facts, ByteBuf in, int text, int end) {
    List<String> names = RoutinesInText.names(how, in, text, end - text);
    boolean hidden = names == null;
    List<String> all = new ArrayList<>(names == null ? List.of() : names);
    if (facts.leaves(Footprint.SETTING)) {
      List<String> set = CustomSettings.names(how, in, text, end - text);
      hidden |= set == null;
      all.addAll(set == null ? List.of() : set);
    }
    return new StatementMeaning(facts, List.of(), List.copyOf(all), hidden, how, null);
  }

  private static boolean isAscii(ByteBuf in, int from, int end) {
    return in.forEachByte(from, end - from, value -> value >= 0) < 0;
  }

  /**
   * A call by function OID: the large-object functions are the transaction's, others may be all. A
   * refusal, or null if it may run.
   */
  @Nullable SqlFailure onFunctionCall(ByteBuf in, int index, int available) {
    if (available < PgFrameFormat.HEADER + FUNCTION_OID) {
      throw new ProtocolViolation("insufficient data left in message");
    }
    asked(StatementClass.CALL);
    executed = true;
    sequences.mayHaveDrawn();
    switch (in.getInt(index + PgFrameFormat.HEADER)) {
      // lo_creat, lo_create, lo_open, lo_close, loread, lowrite, lo_lseek, lo_tell, lo_unlink,
      // lo_truncate and the 64-bit ones: pg_proc.dat of PostgreSQL 18
      case 957, 715, 952, 953, 954, 955, 956, 958, 964, 1004, 3170, 3171, 3172 -> {}
      default -> {
        rereads = true;
        if (policy.refuses(PinReason.CODE) && mode != PoolMode.SESSION) {
          return StatementPolicy.refusal(PinReason.CODE);
        }
        if (!policy.trustsFunctions()) {
          pins.add(PinReason.CODE);
        }
      }
    }
    return null;
  }

  private void asked(StatementClass statement) {
    if (asked++ == 0) {
      first = statement;
    }
  }

  /** Statements that were asked to run since everything was answered. */
  int asked() {
    return asked;
  }

  /** The first statement since everything was answered; EMPTY where none was. */
  StatementClass first() {
    return asked == 0 ? StatementClass.EMPTY : first;
  }

  /** A statement that is too long to be read: it may leave anything. */
  void tooLong() {
    asked(StatementClass.UNKNOWN);
    rereads = true;
    sequences.mayHaveDrawn();
    pins.add(PinReason.LARGE_STATEMENT);
  }

  /** Why a text may not run here; null: it may. */
  @Nullable SqlFailure refusal(StatementMeaning meaning) {
    StatementFacts facts = meaning.facts();
    if (mode == PoolMode.STATEMENT && facts.is(StatementTrait.CONTROLS_TRANSACTION)) {
      return SqlFailure.error(
              "42501", 1227, "transaction blocks are not allowed in statement pooling mode")
          .withHint("Set pool.mode: transaction for this database.");
    }
    return mode == PoolMode.SESSION ? null : policy.refusal(meaning);
  }

  /** A transaction is begun in front of what comes next: that is not between transactions. */
  void onBegin() {
    begins = true;
  }

  /**
   * Before {@link #onQuery} or {@link #onExecution}, with nothing of the message sent: whether the
   * backend must forget first what was drawn from sequences on it.
   *
   * @param query it is a simple query
   */
  boolean forgetsSequences(StatementFacts facts, boolean query, SessionBackend backend) {
    boolean draws =
        hidden.mayRunIn(facts)
            || facts.is(StatementTrait.ADVANCES_SEQUENCE)
            || facts.leaves(Footprint.UNKNOWN);
    boolean asks = facts.leaves(Footprint.SEQUENCE_VALUE);
    if (mode == PoolMode.SESSION || (!draws && !asks)) {
      return false;
    }
    if (!asks && !sequences.anyCare()) {
      sequences.mayHaveDrawn();
      return false;
    }
    sequenceAnswer = sequences.judge(facts, draws, query, program(), backend);
    return sequenceAnswer == SequenceValues.Answer.FORGET_AND_RUN;
  }

  private String program() {
    String name = settings.text("application_name");
    return name == null ? "" : name;
  }

  /** Whether {@link #forgetsSequences} may have something to do in front of such a statement. */
  boolean concernsSequences(StatementFacts facts) {
    return facts.leaves(Footprint.SEQUENCE_VALUE) || sequences.anyCare();
  }

  /** A text is about to run: a simple query, or the Bind of a statement; a refusal or null. */
  @Nullable SqlFailure onExecution(StatementMeaning meaning, SessionBackend backend) {
    SqlFailure refusal = refusal(meaning);
    if (refusal == null && sequenceAnswer == SequenceValues.Answer.REFUSE) {
      refusal = SequenceValues.refusal(program());
    }
    sequenceAnswer = SequenceValues.Answer.RUN;
    if (refusal == null) {
      note(meaning, backend);
    }
    return refusal;
  }

  private void note(StatementMeaning meaning, SessionBackend backend) {
    StatementFacts facts = meaning.facts();
    asked(facts.first());
    noteSequences(facts);
    doubtLone();
    if (facts.is(StatementTrait.LETS_GO)) {
      askAboutPins();
    }
    hidden.note(facts);
    if (hidden.mayHaveRun()
        || facts.is(StatementTrait.TOUCHES_CHANNELS)
        || facts.leaves(Footprint.CODE)) {
      backend.speaker().is(told);
    }
    noteDefinition(meaning);
    rereads |= mayChangeReading(facts, backend);
    setsLocally |= facts.is(StatementTrait.SETS_LOCALLY);
    shadows |= defined || facts.is(StatementTrait.TEMP_TABLE_UNTIL_COMMIT);
    if (mayCreateTemporary(facts)) {
      doubts |= Footprint.TEMP_TABLE.bit() & ~policy.unasked();
    }
    if (!facts.leavesFootprint() && facts.clears() == 0) {
      return;
    }
    // A typing error inside a transaction is as good as one outside.
    boolean alone =
        asked == 1
            && facts.statements() == 1
            && ((!begins && backend.transactionState() == TransactionState.IDLE)
                || facts.first() == StatementClass.UNKNOWN);
    if (alone && tellsItsEffect(meaning)) {
      lone = meaning;
    } else {
      doubt(meaning);
    }
  }

  private void noteDefinition(StatementMeaning meaning) {
    StatementFacts facts = meaning.facts();
    ran += DefinedNames.counts(facts);
    if (mayDefine(facts)) {
      if (definedNames == null) {
        definedNames = new DefinedNames(census.names(clock.getAsLong()));
      }
      definedNames.add(meaning);
      defined = true;
    }
  }

  /**
   * Code that was called may be gone again, or have been replaced, when the server is asked: then
   * only what its text has shown is known of it.
   */
  private void judgeDefinitions() {
    DefinedNames names = definedNames;
    if (names != null && ran > 1 && !policy.trustsFunctions()) {
      hidden.redefined();
      if (!custom.add(names.told(), bytes -> counts(settings, bytes))) {
        pins.add(PinReason.SETTING);
      }
      if (names.hides()) {
        pins.add(PinReason.CODE);
      }
    }
    definedNames = null;
  }

  /** What is made without saying where is temporary where search_path begins with pg_temp. */
  private boolean mayCreateTemporary(StatementFacts facts) {
    boolean creates = facts.is(StatementTrait.CREATES);
    if (creates && (setsLocally || (doubts & SETTINGS) != 0 || lone != null)) {
      return true; // there may be another search_path
    }
    boolean mayCreate =
        creates || facts.leaves(Footprint.CODE) || facts.leaves(Footprint.UNKNOWN_FUNCTION);
    String path = mayCreate ? settings.text("search_path") : null;
    return path != null && path.toLowerCase(Locale.ROOT).contains("pg_temp");
  }

  /** More than one statement in a pipeline: which of them failed is not told. */
  private void doubtLone() {
    if (lone != null) {
      doubt(lone);
      lone = null;
    }
  }

  private void noteSequences(StatementFacts facts) {
    if (facts.clears(Footprint.SEQUENCE_VALUE)) {
      sequences.discarded();
      pins.remove(PinReason.SEQUENCE_VALUE);
    }
    if (sequences.anyCare() && SequenceValues.isWrite(facts)) {
      pinForSequences();
    }
  }

  private void pinForSequences() {
    if (mode != PoolMode.SESSION && sequences.keepsLease(program())) {
      pins.add(PinReason.SEQUENCE_VALUE);
    }
  }

  /** What pins may be gone afterwards. */
  private void askAboutPins() {
    doubtIf(PinReason.PREPARED_STATEMENT, Footprint.PREPARED);
    doubtIf(PinReason.LISTEN, Footprint.LISTEN);
    doubtIf(PinReason.TEMPORARY_OBJECT, Footprint.TEMP_TABLE);
    doubtIf(PinReason.HOLD_CURSOR, Footprint.HOLD_CURSOR);
    doubtIf(PinReason.ADVISORY_LOCK, Footprint.ADVISORY_LOCK);
  }

  private void doubtIf(PinReason reason, Footprint footprint) {
    if (pins.has(reason)) {
      doubts |= footprint.bit();
    }
  }

  /** A statement is bound that was prepared by text, or by nobody: what it does only it knows. */
  void onUnreadStatement() {
    asked++;
    rereads = true;
    doubtLone();
    code = true;
    called = true;
    doubts |= SessionQuestion.ASKABLE;
  }

  /** Triggers and the like are not reckoned with: what they change is known with the answer. */
  private boolean mayChangeReading(StatementFacts facts, SessionBackend backend) {
    boolean resets = facts.clears(Footprint.SETTING) && !backend.usualDialect().equals(dialect);
    return resets
        || facts.is(StatementTrait.CHANGES_READING)
        || facts.leaves(Footprint.CODE)
        || facts.leaves(Footprint.UNKNOWN);
  }

  /**
   * Whether code that nobody knew of may have left something there for whoever was on it: another
   * session must not have it, nor be asked about it as its own.
   */
  boolean hasUnseen(SessionBackend backend) {
    return backend.era() >= 0 && backend.era() != census.era();
  }

  /** The transaction is over: did code run in it that may have left something? */
  private void judgeHiddenCode(SessionBackend backend) {
    if (mode == PoolMode.SESSION || pins.anyLasting()) {
      return; // nothing is asked
    }
    if (hasUnseen(backend)) {
      hidden.forget();
      return;
    }
    called |= hidden.mayHaveCalled();
    int may = hidden.judge();
    code |= (may & SETTINGS) != 0;
    called &= code || hidden.asksCensus();
    doubts |= may & ~policy.unasked();
  }

  private static boolean mayDefine(StatementFacts facts) {
    boolean temporary =
        facts.leaves(Footprint.TEMP_TABLE) || facts.is(StatementTrait.TEMP_TABLE_UNTIL_COMMIT);
    return facts.is(StatementTrait.DEFINES)
        || (facts.statements() == 1 && facts.first() == StatementClass.DDL && !temporary);
  }

  private static boolean tellsItsEffect(StatementMeaning meaning) {
    StatementFacts facts = meaning.facts();
    return !meaning.sets().isEmpty()
        || isResetAll(facts)
        || isDeallocateAll(facts)
        || (facts.footprint() == UNKNOWN_ONLY && facts.first() == StatementClass.UNKNOWN);
  }

  /** RESET ALL or DISCARD ALL. */
  private static boolean isResetAll(StatementFacts facts) {
    return facts.clears(Footprint.SETTING) && !facts.leavesFootprint();
  }

  private static boolean isDeallocateAll(StatementFacts facts) {
    return facts.leaves(Footprint.DEALLOCATE) && facts.clears(Footprint.PREPARED);
  }

  /** The statement may run, or not, or be rolled back: what it left is to be asked. */
  private void doubt(StatementMeaning meaning) {
    StatementFacts facts = meaning.facts();
    int may = facts.footprint() | facts.clears();
    if (facts.leaves(Footprint.SETTING)) {
      if (meaning.hidesNames()) {
        pins.add(PinReason.SETTING);
      }
      remember(meaning);
    }
    if (facts.leaves(Footprint.CODE) && meaning.hidesNames()) {
      pins.add(PinReason.CODE);
    }
    pinIf(facts, Footprint.LOAD, PinReason.LOADED_LIBRARY);
    pinIf(facts, Footprint.SEED, PinReason.RANDOM_SEED);
    pinIf(facts, Footprint.UNKNOWN, PinReason.UNKNOWN);
    if (facts.leaves(Footprint.CODE)) {
      may = SessionQuestion.ASKABLE;
      code = true;
      called = true;
      remember(meaning);
    }
    doubts |= may & SessionQuestion.ASKABLE & ~policy.unasked();
    if ((doubts & SETTINGS) != 0) {
      doubts |= SETTINGS;
    }
  }

  /** False if it names more settings than are remembered: then nobody else may find them. */
  private boolean remember(StatementMeaning meaning) {
    boolean fits = custom.add(meaning.custom(), bytes -> counts(settings, bytes));
    if (!fits) {
      pins.add(PinReason.SETTING);
    }
    return fits;
  }

  private void pinIf(StatementFacts facts, Footprint left, PinReason reason) {
    if (facts.leaves(left)) {
      pins.add(reason);
    }
  }

  /** Everything asked is answered. */
  void onSettled(SessionBackend backend, TransactionState transaction, boolean failed) {
    StatementMeaning meaning = lone;
    if (backend.settings() != PgSettings.UNKNOWN) { // else another session's may be in force
      dialect = backend.dialect();
    }
    rereads &= transaction != TransactionState.IDLE;
    begins = false;
    boolean done = executed && !failed;
    if (freed || (deallocating && done)) { // whether the transaction commits or not
      backend.allDeallocated();
      deallocated = true;
    }
    lone = null;
    lastCode.forget();
    executed = false;
    deallocating = false;
    freed = false;
    asked = 0;
    if (meaning != null) {
      if (failed && meaning.facts().first() == StatementClass.UNKNOWN) {
        meaning = null; // a typing error
      } else if (failed || transaction != TransactionState.IDLE) {
        doubt(meaning);
      } else if (done) {
        apply(meaning, backend);
      }
    }
    if (unmended != null && failed) {
      notMended();
      doubts &= ~SETTINGS;
    }
    unmended = null;
    if (backend.settings() == PgSettings.UNKNOWN) {
      doubts &= ~SETTINGS; // the server has taken the batch back, and what it set
    }
    if (transaction == TransactionState.IDLE) {
      shadows = false;
      setsLocally = false;
      if (defined) {
        defined = false;
        redefined = true;
        judgeDefinitions();
        census.forget();
      }
      ran = 0;
      judgeHiddenCode(backend);
    }
    if (transaction == TransactionState.IDLE && (doubts & SETTINGS) == 0) {
      askAboutReports(backend);
    }
    if (doubts == 0 && !hidden.asksCensus()) {
      pins.forgetStatement();
    }
  }

  private void apply(StatementMeaning meaning, SessionBackend backend) {
    StatementFacts facts = meaning.facts();
    if (!meaning.sets().isEmpty()) {
      boolean fits = remember(meaning);
      for (SetStatement set : meaning.sets()) {
        if (fits || set.value() == null) {
          apply(set, backend);
        }
      }
    } else if (isResetAll(facts)) {
      PgSettings users = leftBy(facts);
      pins.remove(PinReason.SETTING);
      custom.clear();
      keep(users.orElse(startup), users, backend);
      if (facts.clears(Footprint.ADVISORY_LOCK)) { // DISCARD ALL
        pins.clear();
        doubts = 0;
        hidden.forget();
      }
    } else if (!isDeallocateAll(facts)) {
      pins.add(PinReason.UNKNOWN);
    }
  }

  /** RESET ALL leaves the role and the session's user (guc_parameters.dat: no_reset_all). */
  private PgSettings leftBy(StatementFacts resetAll) {
    return resetAll.clears(Footprint.ROLE) ? PgSettings.NONE : settings.users();
  }

  /**
   * Whether a statement may set or reset settings, so that {@link #settingsAfter} is worth asking.
   */
  static boolean maySet(StatementFacts facts) {
    return facts.leaves(Footprint.SETTING) || facts.leaves(Footprint.ROLE) || isResetAll(facts);
  }

  /**
   * The settings under which to run a text that does nothing but set or reset some: those that the
   * session has afterwards, but for a role that it takes. Null for any other text.
   */
  @Nullable PgSettings settingsAfter(StatementRules rules, ByteBuf in, int text, int end) {
    StatementMeaning meaning = read(rules, in, text, end);
    StatementFacts facts = meaning.facts();
    if (facts.statements() != 1) {
      return null;
    }
    if (facts.leaves(Footprint.ROLE)) {
      return withoutUsers(SetStatement.users(in.toString(text, end - text, UTF_8)));
    }
    if (isResetAll(facts)) {
      return leftBy(facts).orElse(startup);
    }
    PgSettings after = settings;
    for (SetStatement set : meaning.sets()) {
      PgSettings.Value value = set.value();
      after =
          value == null ? after.withValueOf(set.name(), startup) : after.with(set.name(), value);
    }
    return meaning.sets().isEmpty() ? null : after;
  }

  /**
   * The server does not take the session's settings any more. What runs next changes them, and runs
   * under these; they are the session's if it succeeds.
   */
  void mend(PgSettings mended) {
    unmended = settings;
    settings = mended;
  }

  /** The server does not take these either. */
  void notMended() {
    PgSettings before = unmended;
    unmended = null;
    if (before != null) {
      settings = before;
    }
  }

  /** What runs changes settings that the server did not take: nothing may be sent behind it. */
  boolean mends() {
    return unmended != null;
  }

  private @Nullable PgSettings withoutUsers(Set<String> names) {
    PgSettings after = settings;
    for (String name : names) {
      after = after.withValueOf(name, PgSettings.NONE);
    }
    return names.isEmpty() ? null : after;
  }

  /**
   * The server has reported what no statement explains: a function has set it, or the server has
   * read its configuration again. Whether the session has a value of its own now only the server
   * knows; one that has none follows each reload.
   */
  private void askAboutReports(SessionBackend backend) {
    Set<String> moved = backend.movedSettings().keySet();
    if (moved.isEmpty()) {
      return;
    }
    unexplained = true;
    if (moved.equals(SERVERS_OWN)) {
      return;
    }
    if (mode == PoolMode.SESSION || pins.anyLasting()) {
      backend.assumeSettings(settings); // they stay together: nobody has to know
    } else {
      doubts |= SETTINGS;
    }
  }

  private void apply(SetStatement set, SessionBackend backend) {
    PgSettings.Value value = set.value();
    if (value != null) {
      // SET datestyle TO ymd changes one half of it: what the server reports is the whole.
      String reported = reported(set.name(), backend.reportedSettings());
      PgSettings now =
          settings.with(set.name(), reported == null ? value : new PgSettings.Value.Text(reported));
      keep(now, now, backend);
    } else {
      // The backend went back to the server's default, the session to what its start-up said.
      PgSettings there = settings.withValueOf(set.name(), PgSettings.NONE);
      keep(settings.withValueOf(set.name(), startup), there, backend);
    }
  }

  private static @Nullable String reported(String name, Map<String, String> reported) {
    for (Map.Entry<String, String> entry : reported.entrySet()) {
      if (entry.getKey().equalsIgnoreCase(name)) {
        return entry.getValue();
      }
    }
    return null;
  }

  /** What to ask the server while there are doubts. */
  String question() {
    hidden.onQuestion();
    int asked = asksChannels() ? doubts | Footprint.LISTEN.bit() : doubts;
    // Those of the start-up packet too: what is not asked for counts as not there.
    Set<String> own = custom.and(settings.values().keySet());
    return SessionQuestion.of(asked, own, ran(), codeNames(), hidden.asksCensus());
  }

  /** Who has only read and changed rows has run what hides names if that runs unseen. */
  private CodeNames codeNames() {
    CodeNames names = census.names(clock.getAsLong());
    boolean may =
        called
            || names.unseen()
            || !names.hiding().stream().allMatch(PgStatementRules::showsCallsOf);
    return may ? names : names.withoutHiding();
  }

  private SessionQuestion.Code ran() {
    if (!code) {
      return SessionQuestion.Code.NONE;
    }
    return census.findings().trees()
        ? SessionQuestion.Code.FUNCTIONS_AND_TREES
        : SessionQuestion.Code.FUNCTIONS;
  }

  /**
   * The server has answered.
   *
   * @param anyCharacter whether a backend can be told any character, by its code point
   */
  void learn(SessionTruth truth, boolean anyCharacter, SessionBackend backend) {
    // Of a batch that the server took back with its settings nothing is the session's.
    if ((doubts & SETTINGS) != 0 && backend.settings() != PgSettings.UNKNOWN) {
      PgSettings there = PgSettings.ofTruth(truth);
      PgSettings now = there.orElse(startup);
      Set<String> cut = truth.cut();
      if (policy.allows(PinReason.SETTING)) {
        for (String name : cut) {
          now = now.withValueOf(name, startup); // rather than a part
        }
      }
      if (keep(now, there, backend)) {
        backend.provenSettings(there);
      }
      if (!cut.isEmpty() || (!anyCharacter && !truth.isAscii())) {
        pins.add(PinReason.SETTING);
      }
    }
    if (truth.hidden()) { // which no failure takes back
      pins.add(PinReason.CODE);
    }
    if ((doubts & Footprint.PREPARED.bit()) != 0) {
      preparedByText = truth.preparedByText();
    }
    learn(truth, Footprint.PREPARED, PinReason.PREPARED_STATEMENT);
    learn(truth, Footprint.TEMP_TABLE, PinReason.TEMPORARY_OBJECT);
    learn(truth, Footprint.HOLD_CURSOR, PinReason.HOLD_CURSOR);
    learn(truth, Footprint.ADVISORY_LOCK, PinReason.ADVISORY_LOCK);
    if ((doubts & Footprint.DEALLOCATE.bit()) != 0) {
      deallocated |= backend.retain(truth.prepared()); // one that held none before tells nothing
    }
    doubts = 0;
    code = false;
    called = false;
    if (hidden.asksCensus()) {
      hidden.found(truth.code());
      pinForSequences();
      judgeHiddenCode(backend); // which may be the next question
    }
    if (doubts == 0) {
      pins.forgetStatement();
    }
  }

  /**
   * Whether code has run that may have left anything, and the server was not asked: what DISCARD
   * ALL leaves may be there.
   */
  boolean mayHaveRunUnasked() {
    return (code || hidden.mayHaveRun()) && census.findings().leaves();
  }

  /** The server has not answered: nothing is known of the backend. */
  void notLearned(SessionBackend backend) {
    boolean others = doubts != 0 || channelsHere;
    boolean unknown = hidden.notFound(!others) || others;
    doubts = 0;
    if (unknown) {
      pins.add(PinReason.UNKNOWN);
    } else {
      judgeHiddenCode(backend); // by what is known, which may be the next question
    }
  }

  private void learn(SessionTruth truth, Footprint footprint, PinReason reason) {
    if ((doubts & footprint.bit()) == 0) {
      return;
    }
    pins.set(reason, truth.has(footprint));
  }
}
