package dev.pooler.postgres.codec;

import dev.pooler.core.session.SqlFailure;
import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.message.BackendType;
import dev.pooler.postgres.message.Frontend;
import dev.pooler.postgres.message.StartupPacket;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the few messages that are ours to send; all others pass as bytes. */
public final class Messages {
  private Messages() {}

  /** AuthenticationXXX with its data. */
  public static void authentication(ByteBuf out, int code, byte[] data) {
    out.writeByte(BackendType.AUTHENTICATION).writeInt(8 + data.length).writeInt(code);
    out.writeBytes(data);
  }

  public static void parameterStatus(ByteBuf out, String name, String value) {
    int start = begin(out, BackendType.PARAMETER_STATUS);
    string(out, name);
    string(out, value);
    end(out, start);
  }

  public static void backendKeyData(ByteBuf out, CancelKey key) {
    int start = begin(out, BackendType.BACKEND_KEY_DATA);
    out.writeInt(key.processId());
    out.writeBytes(key.secret());
    end(out, start);
  }

  /**
   * ReadyForQuery.
   *
   * @param status 'I', 'T' or 'E'
   */
  public static void readyForQuery(ByteBuf out, char status) {
    out.writeByte(BackendType.READY_FOR_QUERY).writeInt(5).writeByte(status);
  }

  /** NegotiateProtocolVersion: the newest minor version we speak and the options we don't know. */
  public static void negotiateProtocolVersion(ByteBuf out, List<String> unknownOptions) {
    int start = begin(out, BackendType.NEGOTIATE_PROTOCOL_VERSION);
    out.writeInt(StartupPacket.NEWEST_VERSION);
    out.writeInt(unknownOptions.size());
    unknownOptions.forEach(option -> string(out, option));
    end(out, start);
  }

  /** ErrorResponse with the fields S, V, C, M and, where there are such, D and H. */
  public static void error(ByteBuf out, SqlFailure failure) {
    int start = begin(out, BackendType.ERROR_RESPONSE);
    String severity = failure.fatal() ? "FATAL" : "ERROR";
    field(out, 'S', severity);
    field(out, 'V', severity);
    field(out, 'C', failure.sqlState());
    field(out, 'M', failure.message());
    field(out, 'D', failure.detail());
    field(out, 'H', failure.hint());
    out.writeByte(0);
    end(out, start);
  }

  /** NoticeResponse of the severity WARNING with the fields S, V, C, M and H. */
  public static void warning(ByteBuf out, String sqlState, String message, String hint) {
    int start = begin(out, BackendType.NOTICE_RESPONSE);
    field(out, 'S', "WARNING");
    field(out, 'V', "WARNING");
    field(out, 'C', sqlState);
    field(out, 'M', message);
    field(out, 'H', hint);
    out.writeByte(0);
    end(out, start);
  }

  /** NoticeResponse of severity NOTICE. */
  public static void notice(
      ByteBuf out, String message, @Nullable String detail, @Nullable String hint) {
    int start = begin(out, BackendType.NOTICE_RESPONSE);
    field(out, 'S', "NOTICE");
    field(out, 'V', "NOTICE");
    field(out, 'C', "00000");
    field(out, 'M', message);
    field(out, 'D', detail);
    field(out, 'H', hint);
    out.writeByte(0);
    end(out, start);
  }

  public static void query(ByteBuf out, String sql) {
    int start = begin(out, Frontend.QUERY);
    string(out, sql);
    end(out, start);
  }

  /**
   * Parse, Bind, Execute and Sync of one statement with one parameter, all without names and in
   * text.
   */
  public static void ask(ByteBuf out, String sql, String parameter) {
    parse(out, sql);
    int bind = begin(out, Frontend.BIND);
    string(out, "");
    string(out, "");
    byte[] value = parameter.getBytes(StandardCharsets.UTF_8);
    out.writeShort(0).writeShort(1).writeInt(value.length).writeBytes(value).writeShort(0);
    end(out, bind);
    execute(out);
    sync(out);
  }

  /** Parse of the statement without a name, no parameter types. */
  public static void parse(ByteBuf out, String sql) {
    int start = begin(out, Frontend.PARSE);
    string(out, "");
    string(out, sql);
    out.writeShort(0);
    end(out, start);
  }

  /** Bind of the portal without a name; parameters and results are text, null is NULL. */
  public static void bind(ByteBuf out, String statement, List<@Nullable String> parameters) {
    int start = begin(out, Frontend.BIND);
    string(out, "");
    string(out, statement);
    out.writeShort(0).writeShort(parameters.size());
    for (String parameter : parameters) {
      if (parameter == null) {
        out.writeInt(-1);
      } else {
        int length = ByteBufUtil.utf8Bytes(parameter);
        out.writeInt(length);
        ByteBufUtil.reserveAndWriteUtf8(out, parameter, length);
      }
    }
    out.writeShort(0);
    end(out, start);
  }

  /** Describe of the portal without a name. */
  public static void describePortal(ByteBuf out) {
    int start = begin(out, Frontend.DESCRIBE);
    out.writeByte('P');
    string(out, "");
    end(out, start);
  }

  /** Execute of the portal without a name, to its end. */
  public static void execute(ByteBuf out) {
    int start = begin(out, Frontend.EXECUTE);
    string(out, "");
    out.writeInt(0);
    end(out, start);
  }

  /** CommandComplete. */
  public static void commandComplete(ByteBuf out, String tag) {
    int start = begin(out, BackendType.COMMAND_COMPLETE);
    string(out, tag);
    end(out, start);
  }

  /** Bind of a statement to the portal without a name; no parameters. */
  public static void bind(ByteBuf out, String statement) {
    int start = begin(out, Frontend.BIND);
    string(out, "");
    string(out, statement);
    out.writeShort(0).writeShort(0).writeShort(0);
    end(out, start);
  }

  /**
   * A statement without parameters between a client's messages, from Parse to Close, under a name
   * of ours for statement and portal: the client's unnamed ones stay. What an attempt before left,
   * that failed half way, is closed first.
   */
  public static void runBetween(ByteBuf out, String name, String sql) {
    closeStatement(out, name);
    int parse = begin(out, Frontend.PARSE);
    string(out, name);
    string(out, sql);
    out.writeShort(0);
    end(out, parse);
    int bind = begin(out, Frontend.BIND);
    string(out, name);
    string(out, name);
    out.writeShort(0).writeShort(0).writeShort(0);
    end(out, bind);
    int execute = begin(out, Frontend.EXECUTE);
    string(out, name);
    out.writeInt(0);
    end(out, execute);
    int close = begin(out, Frontend.CLOSE);
    out.writeByte('P');
    string(out, name);
    end(out, close);
    closeStatement(out, name);
  }

  /** Close of a prepared statement. */
  public static void closeStatement(ByteBuf out, String name) {
    int start = begin(out, Frontend.CLOSE);
    out.writeByte('S');
    string(out, name);
    end(out, start);
  }

  /** Close of the portal without a name. */
  public static void closePortal(ByteBuf out) {
    out.writeByte(Frontend.CLOSE).writeInt(6).writeByte('P').writeByte(0);
  }

  public static void sync(ByteBuf out) {
    out.writeByte(Frontend.SYNC).writeInt(4);
  }

  public static void flush(ByteBuf out) {
    out.writeByte(Frontend.FLUSH).writeInt(4);
  }

  public static void terminate(ByteBuf out) {
    out.writeByte(Frontend.TERMINATE).writeInt(4);
  }

  /** PasswordMessage, SASLInitialResponse or SASLResponse. */
  public static void password(ByteBuf out, byte[] body) {
    out.writeByte(Frontend.PASSWORD).writeInt(4 + body.length).writeBytes(body);
  }

  /** StartupMessage of protocol 3.0. */
  public static void startup(ByteBuf out, Map<String, String> parameters) {
    int start = out.writerIndex();
    out.writeInt(0).writeInt(3 << 16);
    parameters.forEach((name, value) -> {
      string(out, name);
      string(out, value);
    });
    out.writeByte(0);
    out.setInt(start, out.writerIndex() - start);
  }

  public static void sslRequest(ByteBuf out) {
    out.writeInt(8).writeInt(StartupPacket.SSL_REQUEST_CODE);
  }

  public static void cancelRequest(ByteBuf out, CancelKey key) {
    byte[] secret = key.secret();
    out.writeInt(12 + secret.length).writeInt(StartupPacket.CANCEL_REQUEST_CODE);
    out.writeInt(key.processId()).writeBytes(secret);
  }

  private static int begin(ByteBuf out, int type) {
    out.writeByte(type);
    int start = out.writerIndex();
    out.writeInt(0);
    return start;
  }

  private static void end(ByteBuf out, int start) {
    out.setInt(start, out.writerIndex() - start);
  }

  private static void string(ByteBuf out, String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalStateException("a protocol string can't hold a zero byte");
    }
    // Not writeUtf8: it wants room for three bytes a character, which a buffer's bound may not
    // have.
    ByteBufUtil.reserveAndWriteUtf8(out, text, ByteBufUtil.utf8Bytes(text));
    out.writeByte(0);
  }

  private static void field(ByteBuf out, char code, @Nullable String text) {
    if (text != null) {
      out.writeByte(code);
      out.writeBytes(text.replace('\0', ' ').getBytes(StandardCharsets.UTF_8)).writeByte(0);
    }
  }
}
