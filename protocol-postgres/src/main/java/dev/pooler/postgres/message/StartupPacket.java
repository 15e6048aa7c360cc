package dev.pooler.postgres.message;

import dev.pooler.core.config.Replication;
import dev.pooler.postgres.cancel.CancelKey;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The untyped packet that opens a connection (manual, "Start-up", "Message Formats"), checked as
 * PostgreSQL 18's ProcessStartupPacket does. The caller splits it off by its length word, after
 * {@link #isAcceptable}, and answers bytes that follow an SSLRequest or GSSENCRequest in the clear
 * with a close (CVE-2021-3935).
 */
public sealed interface StartupPacket {
  int SSL_REQUEST_CODE = (1234 << 16) | 5679;
  int GSSENC_REQUEST_CODE = (1234 << 16) | 5680;
  int CANCEL_REQUEST_CODE = (1234 << 16) | 5678;

  /** The newest version we speak, in the form of the packet and of NegotiateProtocolVersion. */
  int NEWEST_VERSION = (3 << 16) | 2;

  /** PostgreSQL's MAX_STARTUP_PACKET_LENGTH, without the length word, in bytes. */
  int MAX_BODY = 10_000;

  /** Answered with one byte, 'S' or 'N'. */
  record SslRequest() implements StartupPacket {}

  /** Answered with 'N': we have no GSSAPI encryption. */
  record GssEncRequest() implements StartupPacket {}

  /** Never answered. */
  record CancelRequest(CancelKey key) implements StartupPacket {}

  /**
   * A session begins.
   *
   * @param minorVersion as asked for; see {@link #agreedMinor}
   * @param database the user's name where the client sent none
   * @param replication what kind of replication the connection is for
   * @param settings what is to be set before the first statement, in order, names canonical (see
   *     {@link SettingNames}): first those of {@code options}, then the parameters, which win
   * @param unknownOptions the {@code _pq_.} names the client sent: we know none
   */
  record Startup(
      int minorVersion,
      String user,
      String database,
      Replication replication,
      Map<String, String> settings,
      List<String> unknownOptions)
      implements StartupPacket {

    /** The minor version that the session has. */
    public int agreedMinor() {
      return Math.min(minorVersion, NEWEST_VERSION & 0xffff);
    }

    /** Whether NegotiateProtocolVersion must be sent, once, before any authentication request. */
    public boolean needsNegotiation() {
      return minorVersion != agreedMinor() || !unknownOptions.isEmpty();
    }
  }

  /** Send this as a FATAL ErrorResponse and close. */
  record Malformed(String sqlState, String text) implements StartupPacket {}

  /**
   * Whether a packet that declares this length, its own four bytes included, may be read at all.
   * PostgreSQL closes without an answer where it may not.
   */
  static boolean isAcceptable(int declaredLength) {
    return declaredLength >= 2 * Integer.BYTES && declaredLength <= MAX_BODY + Integer.BYTES;
  }

  /**
   * Reads a packet; whatever the bytes, the result says what they are.
   *
   * @param body the packet without its length word
   */
  static StartupPacket parse(byte[] body) {
    if (!isAcceptable(body.length + Integer.BYTES)) {
      return new Malformed("08P01", "invalid length of startup packet");
    }
    int code = ByteBuffer.wrap(body).getInt();
    return switch (code) {
      case SSL_REQUEST_CODE -> bare(body, new SslRequest());
      case GSSENC_REQUEST_CODE -> bare(body, new GssEncRequest());
      case CANCEL_REQUEST_CODE -> cancel(body);
      default -> startup(code, body);
    };
  }

  private static StartupPacket bare(byte[] body, StartupPacket request) {
    return body.length == Integer.BYTES
        ? request
        : new Malformed("08P01", "invalid length of encryption request packet");
  }

  private static StartupPacket cancel(byte[] body) {
    CancelKey key = CancelKey.parse(Arrays.copyOfRange(body, Integer.BYTES, body.length));
    return key == null
        ? new Malformed("08P01", "invalid length of cancel request packet")
        : new CancelRequest(key);
  }

  private static StartupPacket startup(int version, byte[] body) {
    int major = version >>> 16;
    int minor = version & 0xffff;
    if (major != NEWEST_VERSION >>> 16) {
      return new Malformed(
          "0A000",
          "unsupported frontend protocol %d.%d: server supports 3.0 to 3.2"
              .formatted(major, minor));
    }
    try {
      return StartupParameters.parse(body).startup(minor);
    } catch (MalformedStartup e) {
      return e.packet();
    }
  }
}
