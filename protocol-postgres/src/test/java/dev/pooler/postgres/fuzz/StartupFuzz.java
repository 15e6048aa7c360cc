package dev.pooler.postgres.fuzz;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.message.StartupPacket;
import dev.pooler.postgres.session.PgSettings;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * A start-up packet, whatever it holds, is one of the known packets or refused in words that can be
 * sent; what it sets becomes one call of set_config for each setting and nothing else.
 */
public final class StartupFuzz {
  private StartupFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    switch (StartupPacket.parse(input)) {
      case StartupPacket.Startup startup -> check(startup);
      case StartupPacket.Malformed malformed -> {
        ByteBuf out = Unpooled.buffer();
        Messages.error(out, SqlFailure.fatal(malformed.sqlState(), 1158, malformed.text()));
      }
      case StartupPacket.CancelRequest _,
          StartupPacket.SslRequest _,
          StartupPacket.GssEncRequest _ -> {}
    }
  }

  private static void check(StartupPacket.Startup startup) {
    if (startup.user().isEmpty() || startup.database().isEmpty()) {
      throw new IllegalStateException("nobody, or no database: " + startup);
    }
    if (startup.needsNegotiation()) {
      Messages.negotiateProtocolVersion(Unpooled.buffer(), startup.unknownOptions());
    }
    PgSettings settings = PgSettings.ofStartup(startup.settings());
    String sql = settings.differenceFrom(PgSettings.NONE);
    for (StatementFacts facts : SqlText.facts(sql)) {
      if (facts.statements() != settings.values().size()) {
        throw new IllegalStateException(settings + " became " + sql);
      }
    }
    if (!PgSettings.NONE.differenceFrom(settings).isEmpty() == settings.values().isEmpty()) {
      throw new IllegalStateException("what was set is not reset: " + settings);
    }
  }
}
