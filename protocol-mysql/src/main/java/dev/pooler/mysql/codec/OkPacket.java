package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.ServerStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/**
 * An OK packet, read in place: {@link #read} looks at another, and until then the buffer is the
 * caller's to keep (MySQL 9.7 protocol documentation, "OK_Packet"). Its header is 0, or 0xFE where
 * it ends a result under DEPRECATE_EOF.
 *
 * <p>Without SESSION_TRACK the documentation says that the info is the packet's rest, but both
 * servers write a length in front of it then as well, and client libraries expect one (net_send_ok;
 * read_ok_ex). So it is written with one, and a length is taken for one if it is that of the rest.
 */
public final class OkPacket {
  private final PacketReader reader = new PacketReader("an OK packet", Unpooled.EMPTY_BUFFER, 0, 0);
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private int header;
  private long affectedRows;
  private long lastInsertId;
  private int status;
  private int warnings;
  private int info;
  private int infoLength;
  private int changes;
  private int changesLength;

  /**
   * Whether a payload that begins with 0xFE ends a result under DEPRECATE_EOF: a row of text may
   * begin so, but its packet is {@linkplain PacketFormat#continues full} then.
   *
   * @param length the packet's, header included
   */
  public static boolean endsResult(int firstByte, long length) {
    return firstByte == PayloadHeader.EOF && !PacketFormat.continues(length);
  }

  /**
   * Looks at a payload.
   *
   * @param capabilities those that the login agreed on
   * @throws dev.pooler.core.wire.ProtocolViolation if it is none
   */
  public OkPacket read(ByteBuf buffer, int index, int end, long capabilities) {
    in = buffer;
    reader.reset(buffer, index, end);
    header = reader.u8("the header");
    if (header != PayloadHeader.OK && header != PayloadHeader.EOF) {
      throw reader.violation("the header is " + header);
    }
    affectedRows = reader.lenenc("the affected rows");
    lastInsertId = reader.lenenc("the last insert id");
    status = reader.u16("the status");
    warnings = reader.u16("the warnings");
    changes = end;
    changesLength = 0;
    if (Capabilities.has(capabilities, Capabilities.SESSION_TRACK)) {
      readTracked(end);
    } else {
      readInfo(end);
    }
    return this;
  }

  private void readTracked(int end) {
    info = end;
    infoLength = 0;
    if (reader.remaining() > 0) { // the server leaves out an empty info that nothing follows
      infoLength = reader.length("the info");
      info = reader.skip(infoLength, "the info");
    }
    if ((status & ServerStatus.SESSION_STATE_CHANGED) != 0) {
      changesLength = reader.length("the session's changes");
      changes = reader.skip(changesLength, "the session's changes");
    }
  }

  private void readInfo(int end) {
    info = reader.index();
    infoLength = reader.remaining();
    if (infoLength > 0) {
      int first = in.getUnsignedByte(info);
      int bytes = first < PacketReader.NULL ? 1 : first == 0xfc && infoLength > 2 ? 3 : 0;
      int length = bytes == 3 ? in.getUnsignedShortLE(info + 1) : first;
      if (bytes > 0 && length == infoLength - bytes) {
        info += bytes;
        infoLength = end - info;
      }
    }
  }

  /** {@link PayloadHeader#OK} or {@link PayloadHeader#EOF}. */
  public int header() {
    return header;
  }

  /** 64 bits without a sign. */
  public long affectedRows() {
    return affectedRows;
  }

  /** 64 bits without a sign; 0 where nothing was inserted into a column that counts. */
  public long lastInsertId() {
    return lastInsertId;
  }

  /** See {@link ServerStatus}. */
  public int status() {
    return status;
  }

  /** How many warnings there are, 65,535 at most. */
  public int warnings() {
    return warnings;
  }

  /** "Rows matched: 1 …", or empty. */
  public String info() {
    return in.toString(info, infoLength, StandardCharsets.UTF_8);
  }

  /** Whether something is told to have changed in the session. */
  public boolean hasChanges() {
    return changesLength > 0;
  }

  /** Lets {@code track} begin with what changed in the session, where there may be nothing. */
  public SessionTrack changes(SessionTrack track) {
    return track.begin(in, changes, changes + changesLength);
  }

  /**
   * Writes the same for a client of other capabilities: without what changed in the session where
   * it has no SESSION_TRACK, and as an EOF packet where it ends a result and the client has no
   * DEPRECATE_EOF.
   *
   * @param newStatus the flags that the client is to read; SESSION_STATE_CHANGED is not asked for
   */
  public void write(ByteBuf out, int newStatus, long capabilities) {
    if (header == PayloadHeader.EOF
        && !Capabilities.has(capabilities, Capabilities.DEPRECATE_EOF)) {
      EofPacket.write(out, warnings, newStatus & ~ServerStatus.SESSION_STATE_CHANGED);
      return;
    }
    boolean tracked = hasChanges() && Capabilities.has(capabilities, Capabilities.SESSION_TRACK);
    writeStart(
        out,
        header,
        affectedRows,
        lastInsertId,
        tracked
            ? newStatus | ServerStatus.SESSION_STATE_CHANGED
            : newStatus & ~ServerStatus.SESSION_STATE_CHANGED,
        warnings);
    if (tracked || infoLength > 0) {
      PacketWriter.lenenc(out, infoLength);
      out.writeBytes(in, info, infoLength);
    }
    if (tracked) {
      PacketWriter.lenenc(out, changesLength);
      out.writeBytes(in, changes, changesLength);
    }
  }

  /** Writes an OK of ours, without info and changes, which all clients read alike. */
  public static void write(ByteBuf out, int status, int warnings) {
    writeStart(out, PayloadHeader.OK, 0, 0, status & ~ServerStatus.SESSION_STATE_CHANGED, warnings);
  }

  /** What ends a result of ours: an OK in an EOF packet's place, or that. */
  public static void writeEnd(ByteBuf out, int status, int warnings, long capabilities) {
    int plain = status & ~ServerStatus.SESSION_STATE_CHANGED;
    if (Capabilities.has(capabilities, Capabilities.DEPRECATE_EOF)) {
      writeStart(out, PayloadHeader.EOF, 0, 0, plain, warnings);
    } else {
      EofPacket.write(out, warnings, plain);
    }
  }

  private static void writeStart(
      ByteBuf out, int header, long affectedRows, long lastInsertId, int status, int warnings) {
    out.writeByte(header);
    PacketWriter.lenenc(out, affectedRows);
    PacketWriter.lenenc(out, lastInsertId);
    out.writeShortLE(status).writeShortLE(warnings);
  }
}
