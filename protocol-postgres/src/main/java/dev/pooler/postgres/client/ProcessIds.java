package dev.pooler.postgres.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.pooler.core.session.CloseReason;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.core.statement.Dialect;
import dev.pooler.postgres.cancel.CancelKeys;
import dev.pooler.postgres.codec.BoundValue;
import dev.pooler.postgres.codec.PgFrameFormat;
import dev.pooler.postgres.codec.Strings;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.statement.ProcessIdInText;
import dev.pooler.postgres.statement.ProcessParameter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Process ids in a client's texts and Binds: what it asks for is the one that it was told at its
 * login, and one that it names is the session that was told it. Confined to the session's loop.
 */
final class ProcessIds {
  /** The most digits of a process id. */
  private static final int DIGITS = 10;

  private final PgSession session;
  private final CancelKeys<ClientLeg> keys;

  /**
   * A message with another text.
   *
   * @param frame the caller's to release
   * @param takes what its Binds will bring, or null
   */
  record Retold(ByteBuf frame, @Nullable ProcessParameter takes) {}

  /**
   * A Bind as the server is to see it.
   *
   * @param frame the caller's to release
   * @param hit whom it names, or null; the caller's to {@link #act} on
   */
  record Rebound(ByteBuf frame, @Nullable PgSession hit) {}

  ProcessIds(PgSession session, CancelKeys<ClientLeg> keys) {
    this.session = session;
    this.keys = keys;
  }

  // --- in texts --------------------------------------------------------------------------------

  /**
   * The same message with those ids in its text; what it asks to be done to another session is
   * done, unless a Bind is to say to which.
   *
   * @param dialect how the session's texts are read
   * @param length of the whole message, which is a Query or a Parse
   * @param acts whether it may be: the statement is about to run
   */
  Retold retold(
      Dialect dialect, int type, ByteBuf in, int index, int length, int told, boolean acts) {
    int end = index + length;
    int text = index + PgFrameFormat.HEADER;
    boolean runs = acts;
    if (type == Frontend.PARSE) {
      int zero = Strings.end(in, text, end);
      runs &= zero == text; // one with a name may run later, or never
      text = zero + 1;
    }
    int behind = Strings.end(in, text, end) + 1;
    byte[] sql = ByteBufUtil.getBytes(in, text, behind - 1 - text, true);
    List<ProcessIdInText> places = ProcessIdInText.all(dialect, sql);
    boolean alone = places.size() == 1;
    ProcessParameter takes =
        alone && type == Frontend.PARSE ? takes(places.getFirst(), in, behind, end) : null;
    ByteBuf out = in.alloc().buffer(length + 128 * places.size());
    out.writeBytes(in, index, text - index);
    int done = 0;
    for (ProcessIdInText place : places) {
      String instead = takes == null ? instead(place, told, runs && alone) : "";
      if (instead != null) {
        out.writeBytes(sql, done, place.offset() - done);
        write(instead, out);
        done = place.offset() + place.length();
      }
      if (takes != null) {
        writeBound(place, sql, out);
      }
    }
    out.writeBytes(in, text + done, end - text - done);
    return new Retold(ended(out), takes);
  }

  /** What the call takes from a Bind. */
  private static @Nullable ProcessParameter takes(
      ProcessIdInText place, ByteBuf in, int types, int end) {
    int declared = end - types < Short.BYTES ? 0 : in.getUnsignedShort(types);
    int type = types + Short.BYTES + Integer.BYTES * (place.parameter() - 1);
    boolean said = place.parameter() > 0 && place.parameter() <= declared;
    return said && end - type < Integer.BYTES ? null : place.takes(said ? in.getInt(type) : 0);
  }

  /** A column of the call's name and type that is true where the Bind says that it is done. */
  private static void writeBound(ProcessIdInText place, byte[] sql, ByteBuf out) {
    String parameter = "$" + place.parameter() + (place.cast() ? "::pg_catalog.int4" : "");
    String done = parameter + " OPERATOR(pg_catalog.=) " + ProcessParameter.DONE;
    write("(CASE WHEN " + done + " THEN true ELSE ", out);
    out.writeBytes(sql, place.offset(), place.length());
    write(" END)", out);
  }

  private @Nullable String instead(ProcessIdInText place, int told, boolean runs) {
    return switch (place.call()) {
      case PG_BACKEND_PID -> "(SELECT " + told + " AS pg_backend_pid)";
      case PG_CANCEL_BACKEND, PG_TERMINATE_BACKEND ->
          place.parameter() > 0 ? null : inPlaceOf(place, told, runs);
    };
  }

  private @Nullable String inPlaceOf(ProcessIdInText place, int told, boolean runs) {
    String function = place.call().name().toLowerCase(Locale.ROOT);
    if (place.argument() == told) {
      return "pg_catalog." + function + "(pg_catalog.pg_backend_pid())";
    }
    PgSession other = runs ? find(place.argument()) : null;
    if (other == null) {
      return null; // the server says that it has no such process
    }
    act(place.call(), other);
    return "(SELECT true AS " + function + ")";
  }

  // --- in Binds --------------------------------------------------------------------------------

  /**
   * The same Bind with another process id.
   *
   * @param takes what its statement takes
   * @param length of the whole message
   * @param told the session's own, as its client knows it
   * @param own the same as the server knows it; 0 where it does not say
   * @param acts whether it may be acted on
   */
  Rebound rebound(
      ProcessParameter takes, ByteBuf in, int index, int length, int told, int own, boolean acts) {
    int end = index + length;
    BoundValue value = BoundValue.find(in, index + PgFrameFormat.HEADER, end, takes.number());
    int named = value == null ? -1 : processId(in, value, takes);
    boolean itself = named == told && own != 0;
    PgSession hit = named == told || !acts ? null : find(named);
    if (value == null || (hit == null && !itself)) {
      return new Rebound(in.copy(index, length), null); // the server says that it has none such
    }
    int instead = itself ? own : ProcessParameter.DONE;
    ByteBuf out = in.alloc().buffer(length + DIGITS);
    out.writeBytes(in, index, value.index() - Integer.BYTES - index);
    if (value.binary() && takes.isInteger()) {
      out.writeInt(value.length());
      if (value.length() == Long.BYTES) {
        out.writeLong(instead);
      } else {
        out.writeInt(instead);
      }
    } else {
      String digits = Integer.toString(instead);
      out.writeInt(digits.length());
      write(digits, out);
    }
    int rest = value.index() + value.length();
    out.writeBytes(in, rest, end - rest);
    return new Rebound(ended(out), hit);
  }

  /** The process id that is bound, or -1 if it is none that anybody can have been told. */
  private static int processId(ByteBuf in, BoundValue value, ProcessParameter takes) {
    if (value.binary() && takes.isInteger()) {
      long id =
          switch (value.length()) {
            case Integer.BYTES -> in.getInt(value.index());
            case Long.BYTES -> in.getLong(value.index());
            default -> -1;
          };
      return id >= 0 && id <= Integer.MAX_VALUE ? (int) id : -1;
    }
    if (value.length() < 1 || value.length() > DIGITS) {
      return -1;
    }
    long id = 0;
    for (int i = 0; i < value.length(); i++) {
      int digit = in.getByte(value.index() + i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      id = 10 * id + digit;
    }
    return id <= Integer.MAX_VALUE ? (int) id : -1;
  }

  private static void write(String ascii, ByteBuf out) {
    out.writeBytes(ascii.getBytes(US_ASCII));
  }

  private static ByteBuf ended(ByteBuf message) {
    return message.setInt(1, message.readableBytes() - 1);
  }

  // --- whom they name --------------------------------------------------------------------------

  /** The session of this user that was told a process id, or null. */
  private @Nullable PgSession find(int processId) {
    return keys.told(processId) instanceof PgSession other && other.isOfUser(session)
        ? other
        : null;
  }

  /** Does to a session what is asked. */
  static void act(ProcessIdInText.Call call, PgSession other) {
    if (call == ProcessIdInText.Call.PG_CANCEL_BACKEND) {
      other.cancel();
    } else {
      other.close(
          CloseReason.KILLED,
          SqlFailure.fatal("57P01", 1053, "terminating connection due to administrator command"));
    }
  }
}
