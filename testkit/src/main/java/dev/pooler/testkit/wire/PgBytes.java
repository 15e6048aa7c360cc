package dev.pooler.testkit.wire;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A client's messages as bytes (PostgreSQL manual, "Message Formats"); parameters as text. */
public final class PgBytes {
  /** Version 3.0, as a start-up packet has it. */
  public static final int VERSION_3_0 = 3 << 16;

  public static final int VERSION_3_2 = VERSION_3_0 | 2;

  private PgBytes() {}

  public static byte[] startup(int version, Map<String, String> parameters) {
    Body body = new Body().int32(version);
    parameters.forEach((name, value) -> body.string(name).string(value));
    return untyped(body.int8(0).bytes());
  }

  /** Only a code behind the length: SSLRequest 80877103, GSSENCRequest 80877104. */
  public static byte[] request(int code) {
    return untyped(new Body().int32(code).bytes());
  }

  public static byte[] sslRequest() {
    return request(80877103);
  }

  public static byte[] gssEncRequest() {
    return request(80877104);
  }

  /**
   * Asks to cancel.
   *
   * @param key the body of the session's BackendKeyData: process id and secret
   */
  public static byte[] cancelRequest(byte[] key) {
    return untyped(new Body().int32(80877102).raw(key).bytes());
  }

  public static byte[] query(String sql) {
    return message('Q', new Body().string(sql).bytes());
  }

  /**
   * Prepares.
   *
   * @param types OIDs of the first parameters' types; 0, or none, leaves it to the server
   */
  public static byte[] parse(String statement, String sql, int... types) {
    Body body = new Body().string(statement).string(sql).int16(types.length);
    for (int type : types) {
      body.int32(type);
    }
    return message('P', body.bytes());
  }

  /** All parameters and results as text. */
  public static byte[] bind(String portal, String statement, String... parameters) {
    Body body = new Body().string(portal).string(statement).int16(0).int16(parameters.length);
    for (String parameter : parameters) {
      byte[] value = parameter.getBytes(StandardCharsets.UTF_8);
      body.int32(value.length).raw(value);
    }
    return message('B', body.int16(0).bytes());
  }

  /** All parameters in the binary format, null for NULL, and results as text. */
  public static byte[] bindBinary(
      String portal, String statement, byte[] @Nullable ... parameters) {
    Body body = new Body().string(portal).string(statement).int16(1).int16(1);
    body.int16(parameters.length);
    for (byte[] parameter : parameters) {
      if (parameter == null) {
        body.int32(-1);
      } else {
        body.int32(parameter.length).raw(parameter);
      }
    }
    return message('B', body.int16(0).bytes());
  }

  /** Describes or closes ('D', 'C') a statement or portal ('S', 'P'). */
  public static byte[] named(char type, char kind, String name) {
    return message(type, new Body().int8(kind).string(name).bytes());
  }

  /**
   * Executes.
   *
   * @param rows at most; 0: all
   */
  public static byte[] execute(String portal, int rows) {
    return message('E', new Body().string(portal).int32(rows).bytes());
  }

  public static byte[] sync() {
    return message('S', new byte[0]);
  }

  public static byte[] flush() {
    return message('H', new byte[0]);
  }

  public static byte[] terminate() {
    return message('X', new byte[0]);
  }

  public static byte[] copyData(byte[] data) {
    return message('d', data);
  }

  public static byte[] copyDone() {
    return message('c', new byte[0]);
  }

  public static byte[] copyFail(String why) {
    return message('f', new Body().string(why).bytes());
  }

  public static byte[] password(String password) {
    return message('p', new Body().string(password).bytes());
  }

  public static byte[] saslInitial(String mechanism, String first) {
    byte[] data = first.getBytes(StandardCharsets.UTF_8);
    return message('p', new Body().string(mechanism).int32(data.length).raw(data).bytes());
  }

  public static byte[] message(char type, byte[] body) {
    return new Body().int8(type).int32(body.length + 4).raw(body).bytes();
  }

  /** A message whose length word is as given, whatever the body's length. */
  public static byte[] lying(char type, int length, byte[] body) {
    return new Body().int8(type).int32(length).raw(body).bytes();
  }

  public static byte[] joined(byte[]... parts) {
    Body all = new Body();
    List.of(parts).forEach(all::raw);
    return all.bytes();
  }

  private static byte[] untyped(byte[] body) {
    return new Body().int32(body.length + 4).raw(body).bytes();
  }

  /** What grows into a message. */
  private static final class Body {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Body int8(int value) {
      out.write(value);
      return this;
    }

    Body int16(int value) {
      return raw(ByteBuffer.allocate(2).putShort((short) value).array());
    }

    Body int32(int value) {
      return raw(ByteBuffer.allocate(4).putInt(value).array());
    }

    Body string(String value) {
      return raw(value.getBytes(StandardCharsets.UTF_8)).int8(0);
    }

    Body raw(byte[] bytes) {
      out.writeBytes(bytes);
      return this;
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }
}
