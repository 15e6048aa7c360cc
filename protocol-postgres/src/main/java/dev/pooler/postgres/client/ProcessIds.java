package dev.pooler.postgres.client;

import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.postgres.cancel.CancelKeys;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.ProcessIdInText;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Process ids in a client's texts: what it asks for is the one that it was told at its login, and
 * one that it names is the session that was told it. Confined to the session's loop.
 */
final class ProcessIds {
  private final PgSession session;
  private final CancelKeys<ClientLeg> keys;

  ProcessIds(PgSession session, CancelKeys<ClientLeg> keys) {
    this.session = session;
    this.keys = keys;
  }

  /**
   * The same message with those ids in its text; what it asks to be done to another session is
   * done.
   *
   * @param dialect how the session's texts are read
   * @param length of the whole message, which is a Query or a Parse
   * @param acts whether it may be: the statement is about to run
   */
  ByteBuf retold(
      Dialect dialect, int type, ByteBuf in, int index, int length, int told, boolean acts) {
    int end = index + length;
    int text = index + PgFrameFormat.HEADER;
    boolean runs = acts;
    if (type == Frontend.PARSE) {
      int zero = Strings.end(in, text, end);
      runs &= zero == text; // one with a name may run later, or never
      text = zero + 1;
    }
    byte[] sql = ByteBufUtil.getBytes(in, text, Strings.end(in, text, end) - text, true);
    List<ProcessIdInText> places = ProcessIdInText.all(dialect, sql);
    ByteBuf out = in.alloc().buffer(length + 64 * places.size());
    out.writeBytes(in, index, text - index);
    int done = 0;
    for (ProcessIdInText place : places) {
      String instead = instead(place, told, runs && places.size() == 1);
      if (instead != null) {
        out.writeBytes(sql, done, place.offset() - done);
        out.writeBytes(instead.getBytes(StandardCharsets.US_ASCII));
        done = place.offset() + place.length();
      }
    }
    out.writeBytes(in, text + done, end - text - done);
    out.setInt(1, out.readableBytes() - 1);
    return out;
  }

  private @Nullable String instead(ProcessIdInText place, int told, boolean runs) {
    return switch (place.call()) {
      case PG_BACKEND_PID -> "(SELECT " + told + " AS pg_backend_pid)";
      case PG_CANCEL_BACKEND, PG_TERMINATE_BACKEND -> act(place, told, runs);
    };
  }

  private @Nullable String act(ProcessIdInText place, int told, boolean runs) {
    String function = place.call().name().toLowerCase(java.util.Locale.ROOT);
    if (place.argument() == told) {
      return "pg_catalog." + function + "(pg_catalog.pg_backend_pid())";
    }
    ClientLeg found = runs ? keys.told(place.argument()) : null;
    if (!(found instanceof PgSession other) || !other.isOfUser(session)) {
      return null; // the server says that it has no such process
    }
    if (place.call() == ProcessIdInText.Call.PG_CANCEL_BACKEND) {
      other.cancel();
    } else {
      other.close(
          CloseReason.KILLED,
          SqlFailure.fatal("57P01", 1053, "terminating connection due to administrator command"));
    }
    return "(SELECT true AS " + function + ")";
  }
}
