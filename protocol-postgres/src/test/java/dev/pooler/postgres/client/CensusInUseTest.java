package dev.pooler.postgres.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.config.ClientTls;
import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.config.ListenGap;
import dev.pooler.core.config.PoolConfig;
import dev.pooler.core.config.PoolKey;
import dev.pooler.core.config.PoolMode;
import dev.pooler.core.config.Protocol;
import dev.pooler.core.config.TimeoutsConfig;
import dev.pooler.core.config.TlsMode;
import dev.pooler.core.pool.BackendSupply;
import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.Leftovers;
import dev.pooler.core.pool.PoolLimits;
import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.session.MemoryBudget;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.postgres.listen.Speakers;
import dev.pooler.postgres.session.CodeCensus;
import dev.pooler.postgres.session.CodeFindings;
import dev.pooler.postgres.session.CodeNames;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.session.SequencePrograms;
import dev.pooler.postgres.statement.PgDialects;
import dev.pooler.postgres.statement.PgStatementRules;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatements;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who asks for the census of a pool, and what those do whom nobody answers. */
@SuppressWarnings("NullAway.Init")
class CensusInUseTest {
  private static final Duration OFF = Duration.ZERO;

  private static final CodeFindings LEAVES =
      new CodeFindings(
          true, false, false, false, false, SequencePrograms.Care.NONE, CodeNames.UNKNOWN);

  private final StatementRules rules = PgStatementRules.create(StatementRules.Limits.DEFAULT);
  private final CodeCensus census = new CodeCensus();
  private final Speakers.Speaker speaker =
      new Speakers().enter(InetSocketAddress.createUnresolved("server", 1), 1);
  private final SessionBackend backend =
      (SessionBackend)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {SessionBackend.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "settings" -> PgSettings.NONE;
                    case "era" -> census.era();
                    case "dialect", "usualDialect" -> PgDialects.STANDARD;
                    case "transactionState" -> TransactionState.IDLE;
                    case "reportedSettings", "movedSettings" -> Map.of();
                    case "speaker" -> speaker;
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private long now = Duration.ofHours(1).toNanos();
  private StatementPolicy policy;
  private LeasePool pool;

  @BeforeEach
  void start() {
    policy =
        StatementPolicy.of(
            new DatabaseConfig(
                "app",
                Protocol.POSTGRES,
                List.of(),
                null,
                null,
                null,
                new ClientTls(TlsMode.DISABLE, null, null, null),
                new PoolConfig(PoolMode.TRANSACTION, 1, 0, OFF, OFF, OFF, OFF, OFF, 3),
                new TimeoutsConfig(OFF, OFF, OFF, OFF, OFF),
                null,
                ListenGap.CLOSE));
    BackendSupply nothing =
        (BackendSupply)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BackendSupply.class},
                (proxy, method, arguments) -> null);
    pool =
        new LeasePool(
            new PoolKey("app", "app", "app"),
            new PoolLimits(PoolMode.TRANSACTION, 1, 0, OFF, OFF, OFF, OFF, OFF),
            List.of(),
            nothing,
            () -> now);
  }

  private StatementJudge session() {
    SessionPins pins =
        new SessionPins(PoolMode.TRANSACTION, policy, pool.counters(), () -> Instant.EPOCH);
    SessionMemory memory =
        new SessionMemory(new SharedStatements(new MemoryBudget(Long.MAX_VALUE)));
    return new StatementJudge(
        1, PoolMode.TRANSACTION, PgSettings.NONE, pins, census, () -> now, policy, memory);
  }

  /** What is left of a statement behind which functions may stand. */
  private Leftovers after(StatementJudge session, String sql) {
    ByteBuf text = Unpooled.copiedBuffer(sql, UTF_8);
    session.onQuery(session.read(rules, text, 0, text.writerIndex()), backend);
    session.onSettled(backend, TransactionState.IDLE, false);
    return session.leftovers();
  }

  private Leftovers afterWrite(StatementJudge session) {
    return after(session, "insert into t values (1)");
  }

  private void pass(int seconds) {
    now += Duration.ofSeconds(seconds).toNanos();
  }

  private long asking(int sessions) {
    return Stream.generate(this::session)
        .limit(sessions)
        .filter(session -> afterWrite(session) == Leftovers.IN_DOUBT)
        .count();
  }

  /** Needs the race for it: what is asked reads all functions of a database. */
  @Test
  void oneWriterAsksAgain() {
    census.found(CodeFindings.NONE, census.definitions(), now);
    pass(9);
    assertEquals(0, asking(3));
    pass(2);
    assertEquals(1, asking(3));
    pass(3);
    assertEquals(1, asking(3), "whoever asked has not come back");
    pass(5);
    assertEquals(3, asking(3), "too old");
  }

  /** Needs the definitions to be counted: one that came after the question is not in the answer. */
  @Test
  void whatIsDefinedWhileTheServerIsAskedIsAskedAboutSoon() {
    int asOf = census.definitions();
    census.forget();
    census.found(CodeFindings.NONE, asOf, now);
    pass(1);
    assertEquals(1, asking(1));
  }

  /** The same of names: what it says hides nowhere may do so now. */
  @Test
  void whatIsDefinedWhileTheServerIsAskedLeavesNoNamesKnown() {
    CodeNames names = new CodeNames(Set.of("app.a"), Set.of(), false, "7");
    CodeFindings found =
        new CodeFindings(true, false, false, false, false, SequencePrograms.Care.NONE, names);
    census.found(found, census.definitions(), now);
    pass(14);
    assertEquals(names, census.names(now));
    pass(2);
    assertEquals(CodeNames.UNKNOWN, census.names(now), "too old");
    int asOf = census.definitions();
    census.forget();
    census.found(found, asOf, now);
    assertEquals(CodeNames.UNKNOWN, census.names(now));
  }

  @Test
  void aReaderAsksForWritersToo() {
    census.found(CodeFindings.NONE, census.definitions(), now);
    pass(11);
    assertEquals(Leftovers.IN_DOUBT, after(session(), "select * from t"));
    assertEquals(0, asking(3));
  }

  /** Needs the definition to end what is known: nobody may do with that. */
  @Test
  void allWritersAskBehindADefinition() {
    census.found(CodeFindings.NONE, census.definitions(), now);
    pass(11);
    census.forget();
    assertEquals(3, asking(3));
  }

  /**
   * Needs the last findings kept: whose statement_timeout ends the census is no leaver of things.
   */
  @Test
  void whoIsNotAnsweredDoesWithWhatWasKnown() {
    census.found(CodeFindings.NONE, census.definitions(), now);
    pass(60);
    StatementJudge session = session();
    assertEquals(Leftovers.IN_DOUBT, afterWrite(session));
    session.notLearned(backend);
    assertEquals(Leftovers.NONE, session.leftovers());
    pass(1);
    assertEquals(Leftovers.NONE, afterWrite(session), "asked a second ago");
    pass(2);
    assertEquals(1, asking(3), "in turns");
  }

  @Test
  void whoIsNotAnsweredAsksWhatHeLeftWhereCodeMayLeaveSomething() {
    census.found(LEAVES, census.definitions(), now);
    pass(60);
    StatementJudge session = session();
    assertEquals(Leftovers.IN_DOUBT, afterWrite(session));
    session.notLearned(backend);
    assertEquals(Leftovers.IN_DOUBT, session.leftovers());
    assertTrue(session.question().contains("pg_settings"));
    assertFalse(session.question().contains("'census'"));
    session.notLearned(backend);
    assertEquals(Leftovers.PINNED, session.leftovers());
  }

  @Test
  void whoIsNotAnsweredKeepsHisBackendWhereNothingIsKnown() {
    StatementJudge first = session();
    afterWrite(first);
    first.notLearned(backend);
    assertEquals(Leftovers.PINNED, first.leftovers());
    census.found(CodeFindings.NONE, census.definitions(), now);
    census.forget();
    StatementJudge second = session();
    afterWrite(second);
    second.notLearned(backend);
    assertEquals(Leftovers.PINNED, second.leftovers());
  }

  /** What else was asked is not known either. */
  @Test
  void whoAskedMoreKeepsHisBackend() {
    census.found(CodeFindings.NONE, census.definitions(), now);
    pass(60);
    StatementJudge session = session();
    assertEquals(Leftovers.IN_DOUBT, after(session, "create temp table x as select 1"));
    session.notLearned(backend);
    assertEquals(Leftovers.PINNED, session.leftovers());
  }

  /** Needs to be told to all users' pools: they are of one database. */
  @Test
  void whatOneUserDefinesTheOthersAskAbout() {
    CodeCensus.All all = new CodeCensus.All();
    CodeCensus others = all.of(new PoolKey("app", "app", "other"));
    others.found(CodeFindings.NONE, others.definitions(), now);
    CodeCensus elsewhere = all.of(new PoolKey("app", "elsewhere", "app"));
    elsewhere.found(CodeFindings.NONE, elsewhere.definitions(), now);
    all.of(new PoolKey("app", "app", "app")).forget();
    assertEquals(CodeCensus.Finding.NOT_ASKED, others.finding(now));
    assertEquals(CodeCensus.Finding.HARMLESS, elsewhere.finding(now));
  }

  /** Needs what was defined here to be told from what was defined past pooler. */
  @Test
  void anEraEndsWhereCodeWasDefinedPastPooler() {
    census.found(CodeFindings.NONE, census.definitions(), now);
    int era = census.era();
    census.found(CodeFindings.NONE, census.definitions(), now);
    census.forget();
    census.found(LEAVES, census.definitions(), now);
    assertEquals(era, census.era());
    census.found(CodeFindings.NONE, census.definitions(), now);
    census.found(LEAVES, census.definitions(), now);
    assertEquals(era + 1, census.era());
  }
}
