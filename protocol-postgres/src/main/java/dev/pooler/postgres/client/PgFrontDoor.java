package dev.pooler.postgres.client;

import dev.pooler.core.config.DatabaseConfig;
import dev.pooler.core.console.Console;
import dev.pooler.core.observe.SessionCounters;
import dev.pooler.core.pool.PoolDirectory;
import dev.pooler.core.session.SessionLimits;
import dev.pooler.core.session.SessionRegistry;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.postgres.auth.LoginKeys;
import dev.pooler.postgres.auth.UserLookup;
import dev.pooler.postgres.cancel.CancelKeys;
import dev.pooler.postgres.listen.Listeners;
import dev.pooler.postgres.session.CodeCensus;
import dev.pooler.postgres.statement.PgStatementRules;
import dev.pooler.postgres.statement.RepeatedTexts;
import dev.pooler.postgres.statement.SharedStatements;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What all PostgreSQL clients of this process share, whichever listener they came through.
 *
 * @param loginKeys what the logins of clients have shown, for the backends of their own users
 * @param lookups where a database's users are looked up that the configuration does not name; null
 *     for nowhere
 * @param draining no new sessions are taken
 */
public record PgFrontDoor(
    PoolDirectory pools,
    SessionRegistry sessions,
    SessionLimits limits,
    SessionCounters counters,
    CancelKeys<ClientLeg> cancelKeys,
    Welcomes welcomes,
    SharedStatements statements,
    CodeCensus.All censuses,
    Listeners listeners,
    Console console,
    LoginKeys loginKeys,
    Function<DatabaseConfig, @Nullable UserLookup> lookups,
    BooleanSupplier draining) {

  /** One statement cache for each event loop. */
  private static final FastThreadLocal<StatementRules> RULES =
      new FastThreadLocal<>() {
        @Override
        protected StatementRules initialValue() {
          return PgStatementRules.create(StatementRules.Limits.DEFAULT);
        }
      };

  private static final FastThreadLocal<RepeatedTexts> TEXTS =
      new FastThreadLocal<>() {
        @Override
        protected RepeatedTexts initialValue() {
          return new RepeatedTexts();
        }
      };

  StatementRules rules() {
    return loopRules();
  }

  /** Those of the caller's event loop. */
  static StatementRules loopRules() {
    return RULES.get();
  }

  /** Those of the caller's event loop. */
  static RepeatedTexts texts() {
    return TEXTS.get();
  }
}
