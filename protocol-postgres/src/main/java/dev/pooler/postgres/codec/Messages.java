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
    int parse = begin(out, Frontend.PARSE);
    string(out, "");
    string(out, sql);
    out.writeShort(0);
    end(out, parse);
    int bind = begin(out, Frontend.BIND);
    string(out, "");
    string(out, "");
    byte[] value = parameter.getBytes(StandardCharsets.UTF_8);
    out.writeShort(0).writeShort(1).writeInt(value.length).writeBytes(value).writeShort(0);
    end(out, bind);
    int execute = begin(out, Frontend.EXECUTE);
    string(out, "");
    out.writeInt(0);
    end(out, execute);
    sync(out);
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

  public static void sync(ByteBuf out) {
    out.writeByte(Frontend.SYNC).writeInt(4);
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
    ByteBufUtil.writeUtf8(out, text);
    out.writeByte(0);
  }

  private static void field(ByteBuf out, char code, @Nullable String text) {
    if (text != null) {
      out.writeByte(code);
      out.writeBytes(text.replace('\0', ' ').getBytes(StandardCharsets.UTF_8)).writeByte(0);
    }
  }
}
