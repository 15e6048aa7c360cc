package dev.pooler.postgres.client;

import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.session.PgSettings;
import dev.pooler.postgres.statement.SessionBackend;
import dev.pooler.postgres.statement.SharedStatement;
import dev.pooler.postgres.statement.SharedStatements;
import dev.pooler.postgres.statement.StatementMeaning;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Statements as one session has them read, under its own settings where those are others than when
 * it gave them (docs/design/prepared-statements.md, "Under whose settings"). Confined to the
 * session's loop.
 */
final class OwnReading {
  private final SharedStatements shared;
  private final StatementJudge judge;
  private final SessionStatements names;
  private final UnnamedStatement unnamed;

  OwnReading(
      SharedStatements shared,
      StatementJudge judge,
      SessionStatements names,
      UnnamedStatement unnamed) {
    this.shared = shared;
    this.judge = judge;
    this.names = names;
    this.unnamed = unnamed;
  }

  /**
   * A statement that others share, on its way to a backend that does not hold it: where it would be
   * parsed under other settings than theirs, this session has one of its own from now on. Its text
   * is read again where it means something else now.
   */
  SharedStatement own(SharedStatement statement, SessionBackend backend) {
    PgSettings planning = statement.planning();
    StatementMeaning meaning = statement.meaning();
    boolean rereads = !meaning.dialect().equals(judge.dialect());
    boolean parts = planning != null && (judge.partsFrom(planning) || !judge.readsLikeOthers());
    if (!(parts || rereads) || statement == SharedStatement.RAW || backend.asked(statement)) {
      return statement;
    }
    return shared.unshared(statement, rereads ? reread(statement.definition(), meaning) : meaning);
  }

  /** As {@link #reread(byte[])}, with what a Bind of it takes. */
  StatementMeaning reread(byte[] definition, StatementMeaning before) {
    return reread(definition).taking(before.takes());
  }

  /** What a text means as the session's texts are read now. */
  StatementMeaning reread(byte[] definition) {
    ByteBuf in = Unpooled.wrappedBuffer(definition);
    int end = Strings.end(in, 0, definition.length);
    return judge.read(PgFrontDoor.loopRules(), in, 0, end);
  }

  /** As {@link #own(SharedStatement, SessionBackend)}, of one that SQL text names. */
  SharedStatement own(SharedStatement statement, String name, SessionBackend backend) {
    SharedStatement mine = own(statement, backend);
    if (mine != statement) {
      names.replace(name, mine);
    }
    return mine;
  }

  /** The same of the statement without a name. */
  void partUnnamed(SessionBackend backend) {
    SharedStatement statement = unnamed.repeated();
    if (statement != null && own(statement, backend) != statement) {
      unnamed.part();
    }
  }
}
