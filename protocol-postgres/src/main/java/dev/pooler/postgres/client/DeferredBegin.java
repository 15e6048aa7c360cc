package dev.pooler.postgres.client;

import dev.pooler.core.pool.TransactionState;
import dev.pooler.core.statement.StatementClass;
import dev.pooler.core.statement.StatementFacts;
import dev.pooler.core.statement.StatementRules;
import dev.pooler.core.statement.StatementTrait;
import dev.pooler.postgres.codec.Messages;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.PlainBegin;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A transaction that the client has begun and no backend knows of yet: its BEGIN has been answered,
 * and goes to a backend in front of the first statement. A transaction that ends before that has
 * never been anywhere. Confined to the session's loop.
 */
final class DeferredBegin {
  /** A longer message is not looked at. */
  private static final int LONGEST = 256;

  private static final byte[] PLAIN = {'B', 'E', 'G', 'I', 'N', 0, 0, 0};

  private final StatementJudge judge;
  private final PreparedTraffic prepared;
  private final StatementRules rules;
  private final LastStatement last;

  /** The BEGIN that is still to be sent, as a Parse has it behind the name; null while none is. */
  private byte @Nullable [] begin;

  private boolean failed;

  DeferredBegin(
      StatementJudge judge, PreparedTraffic prepared, StatementRules rules, LastStatement last) {
    this.judge = judge;
    this.prepared = prepared;
    this.rules = rules;
    this.last = last;
  }

  /** True between a BEGIN that was answered here and the first statement behind it. */
  boolean pending() {
    return begin != null;
  }

  /** The transaction status that the client knows of: that of a ReadyForQuery. */
  char status() {
    return begin == null ? 'I' : failed ? 'E' : 'T';
  }

  /** The same, for the administrator. */
  TransactionState transaction() {
    return switch (status()) {
      case 'T' -> TransactionState.IN_TRANSACTION;
      case 'E' -> TransactionState.FAILED;
      default -> TransactionState.IDLE;
    };
  }

  /**
   * What was asked has failed before a backend was there: so has the transaction, if there is one.
   */
  void fail() {
    failed = begin != null;
  }

  boolean failed() {
    return failed;
  }

  /** The BEGIN, which is the caller's to send now. */
  byte[] take() {
    byte[] mine = begin;
    if (mine == null) {
      throw new IllegalStateException("no transaction has been begun");
    }
    begin = null;
    failed = false;
    return mine;
  }

  /**
   * Whether it is worth asking {@link #answer}: a glance at the first frame, since every statement
   * of a session without a backend comes by here. A text that begins with a comment is the
   * server's.
   */
  boolean concerns(ByteBuf in) {
    int index = in.readerIndex();
    int text = index + PgFrameFormat.HEADER;
    return switch (PgFrameFormat.FRONTEND.type(in, index)) {
      case Frontend.QUERY -> PgFrameFormat.FRONTEND.length(in, index) <= LONGEST && maybe(in, text);
      case Frontend.PARSE ->
          in.readableBytes() > text - index && in.getByte(text) == 0 && maybe(in, text + 1);
      case Frontend.BIND -> true;
      default -> false;
    };
  }

  /** BEGIN or START; in a transaction COMMIT, END, ROLLBACK or ABORT. */
  private boolean maybe(ByteBuf in, int text) {
    int at = text;
    while (at < in.writerIndex() && in.getByte(at) <= ' ' && in.getByte(at) > 0) {
      at++;
    }
    if (in.writerIndex() - at < 2) {
      return false;
    }
    int first = in.getByte(at) | 0x20;
    int second = in.getByte(at + 1) | 0x20;
    return begin == null
        ? first == 'b' || (first == 's' && second == 't')
        : first == 'c' || first == 'e' || first == 'r' || first == 'a';
  }

  /**
   * Answers what needs no backend: a BEGIN, and the end of a transaction in which nothing was done.
   * Only where {@link #concerns} holds.
   *
   * @param in a whole frame at least, behind which its batch may go on
   * @param out to answer to
   * @return how many bytes have been answered; 0 if the server has to
   */
  int answer(ByteBuf in, ByteBuf out) {
    int type = PgFrameFormat.FRONTEND.type(in, in.readerIndex());
    return type == Frontend.QUERY ? answerQuery(in, out) : answerBatch(in, out);
  }

  private int answerQuery(ByteBuf in, ByteBuf out) {
    int index = in.readerIndex();
    int length = (int) Math.min(LONGEST, PgFrameFormat.FRONTEND.length(in, index));
    int text = index + PgFrameFormat.HEADER;
    int zero = in.indexOf(text, index + length, (byte) 0);
    if (zero < 0) {
      return 0;
    }
    StatementFacts facts = judge.read(rules, in, text, zero).facts();
    if (facts.statements() != 1) {
      return 0;
    }
    String tag;
    if (begin != null) {
      tag = end(facts);
      if (tag == null) {
        return 0;
      }
    } else {
      tag = facts.first() == StatementClass.BEGIN ? begin(in, text, zero) : null;
      if (tag == null) {
        return 0;
      }
    }
    last.note(judge.dialect(), in, text, zero);
    prepared.onLocalQuery();
    Messages.commandComplete(out, tag);
    Messages.readyForQuery(out, status());
    return length;
  }

  /** Ends the transaction; the server's command tag for that, or null if it is anything else. */
  private @Nullable String end(StatementFacts facts) {
    if (!ends(facts)) {
      return null;
    }
    String tag = failed || facts.first() == StatementClass.ROLLBACK ? "ROLLBACK" : "COMMIT";
    begin = null;
    failed = false;
    return tag;
  }

  private static boolean ends(StatementFacts facts) {
    boolean end =
        facts.first() == StatementClass.COMMIT || facts.first() == StatementClass.ROLLBACK;
    return end && facts.statements() == 1 && !facts.is(StatementTrait.CHAINS);
  }

  private @Nullable String begin(ByteBuf in, int text, int zero) {
    byte[] words = new byte[zero - text];
    in.getBytes(text, words);
    String tag = PlainBegin.tag(words);
    if (tag != null) {
      begin = isBegin(words) ? PLAIN : Arrays.copyOf(words, words.length + 3);
    }
    return tag;
  }

  private static boolean isBegin(byte[] words) {
    return words.length == PLAIN.length - 3
        && Arrays.equals(words, 0, words.length, PLAIN, 0, words.length);
  }

  private int answerBatch(ByteBuf in, ByteBuf out) {
    boolean begun = begin != null;
    LoneBatch batch =
        LoneBatch.read(
            in,
            prepared,
            meaning ->
                begun ? ends(meaning.facts()) : meaning.facts().first() == StatementClass.BEGIN);
    String tag = batch == null ? null : begun ? end(facts(batch)) : PlainBegin.tag(batch.text());
    if (batch == null || tag == null) {
      return 0;
    }
    last.note(judge.dialect(), batch.definition(), batch.definition().length);
    begin = begun ? null : batch.definition();
    if (batch.parses()) {
      prepared.onLocalParse(batch.definition(), rules);
      out.writeByte(BackendType.PARSE_COMPLETE).writeInt(4);
    }
    out.writeByte(BackendType.BIND_COMPLETE).writeInt(4);
    if (batch.describes()) {
      out.writeByte(BackendType.NO_DATA).writeInt(4);
    }
    Messages.commandComplete(out, tag);
    Messages.readyForQuery(out, status());
    return batch.end() - in.readerIndex();
  }

  private StatementFacts facts(LoneBatch batch) {
    byte[] text = batch.text();
    return judge.read(rules, Unpooled.wrappedBuffer(text), 0, text.length).facts();
  }
}
