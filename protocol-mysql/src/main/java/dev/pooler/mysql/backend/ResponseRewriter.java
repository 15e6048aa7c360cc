package dev.pooler.mysql.backend;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.core.wire.Verdict;
import dev.pooler.mysql.codec.EofPacket;
import dev.pooler.mysql.codec.OkPacket;
import dev.pooler.mysql.codec.PacketFormat;
import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import dev.pooler.mysql.packet.ServerStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Changes what a backend answers with DEPRECATE_EOF and SESSION_TRACK into what a client without
 * one of them, or both, is to read (MySQL 9.7 protocol documentation, "Text Resultset",
 * "COM_STMT_PREPARE Response", "OK_Packet"):
 *
 * <ul>
 *   <li>Without DEPRECATE_EOF an EOF stands behind each list of definitions, and an OK with header
 *       0xFE becomes an EOF. All packets behind an EOF of ours have other sequence ids: they are
 *       changed in place, and no row is copied.
 *   <li>Without SESSION_TRACK an OK does not tell what changed in the session. Its info stays as it
 *       is, see {@link OkPacket}.
 * </ul>
 *
 * <p>The EOF behind the definitions has status flags that the backend tells at the end of the rows
 * only. Clients read two of them there: CURSOR_EXISTS (there are no rows then, and one EOF instead
 * of two) and PS_OUT_PARAMS (by which mysqlnd tells OUT parameters from a result). So that EOF
 * waits for the packet behind the definitions, and if that is the first row of an execution, which
 * is copied once, for the one behind it: OUT parameters are one row. A first row above {@link
 * MyResponse#LARGEST_FIRST_ROW} is not kept, and its EOF does not have PS_OUT_PARAMS.
 *
 * <p>Within a FrameSink, whose header() says INSPECT and whose inspectLength() is {@link
 * MyResponse#inspectLength}:
 *
 * <pre>
 *   PacketRole role = response.packet(in, index, length, available);
 *   if (role == PacketRole.INCOMPLETE) return Verdict.WAIT;
 *   Verdict verdict = rewriter.packet(role, in, index, (int) length, front);
 *   if (front.isReadable()) {
 *     walker.forwardPassed(in, index);
 *     // forward what front has, and clear it
 *   }
 *   return verdict;
 * </pre>
 *
 * <p>Where both legs have the same capabilities it passes everything. Confined to one thread; owns
 * the row that it keeps, until {@link #close()}.
 */
final class ResponseRewriter {
  private static final int HEADER = PacketFormat.HEADER;

  /** What is kept for a row from one command to the next, in bytes. */
  private static final int LASTING_ROW = 1024;

  private final MyResponse response;
  private final BackendStatus status;
  private final ByteBufAllocator memory;
  private final long backend;
  private final long client;
  private final boolean withEofs;
  private final boolean withoutTrackers;
  private final OkPacket ok = new OkPacket();

  /** How many packets the client has got more than the backend has sent, for this command. */
  private int shift;

  /** EOFs that stand behind the definitions that passed, and in front of what comes next. */
  private int eofsDue;

  /** The first row of a result set, with its header; null where there has never been one. */
  private @Nullable ByteBuf row;

  private boolean rowKept;

  /**
   * @param backend capabilities of the backend's leg
   * @param client capabilities of the client's leg; it has neither of the two that the backend
   *     lacks
   */
  ResponseRewriter(
      MyResponse response,
      BackendStatus status,
      ByteBufAllocator memory,
      long backend,
      long client) {
    this.response = response;
    this.status = status;
    this.memory = memory;
    this.backend = backend;
    this.client = client;
    this.withEofs = lacks(backend, client, Capabilities.DEPRECATE_EOF);
    this.withoutTrackers = lacks(backend, client, Capabilities.SESSION_TRACK);
  }

  private static boolean lacks(long backend, long client, long capability) {
    boolean has = Capabilities.has(client, capability);
    if (has && !Capabilities.has(backend, capability)) {
      throw new IllegalArgumentException(
          "a client with " + Capabilities.names(capability) + " on a backend without");
    }
    return !has && Capabilities.has(backend, capability);
  }

  /** As {@link MyResponse#begin(int, int)}, which it calls. */
  void begin(int command, int firstSequence) {
    response.begin(command, firstSequence, withEofs);
    shift = 0;
    eofsDue = 0;
    rowKept = false;
  }

  /** Whether anything may have to be changed. */
  boolean active() {
    return withEofs || withoutTrackers;
  }

  /**
   * The sequence id that the backend expects in the place of the client's, where the client speaks
   * within an answer (a file, a step of a login).
   */
  int backendSequence(int clientSequence) {
    return clientSequence - shift & 0xff;
  }

  /**
   * Decides on a packet that {@link MyResponse#packet} has just taken.
   *
   * @param index where its header begins; the sequence id may be changed there
   * @param length its bytes, header included; all are here if the role says <i>whole</i>
   * @param front gets what the client is to read in front of the packet, or instead of it
   * @return FORWARD or DROP
   * @throws ProtocolViolation if an OK is malformed
   */
  Verdict packet(PacketRole role, ByteBuf in, int index, int length, ByteBuf front) {
    if (!active()) {
      return Verdict.FORWARD;
    }
    if (rowKept || eofsDue > 0) {
      if (keeps(role, length)) {
        keep(in, index, length);
        return Verdict.DROP;
      }
      putBetween(role, in, index, front);
    }
    Verdict verdict =
        switch (role) {
          case END -> end(in, index, length, front);
          case OK -> okay(in, index, length, front);
          default -> Verdict.FORWARD;
        };
    if (verdict == Verdict.DROP) {
      return verdict;
    }
    int sequence = in.getUnsignedByte(index + 3);
    if (shift != 0) {
      in.setByte(index + 3, sequence + shift);
    }
    if (withEofs && response.listsEnded() > 0) {
      eofsDue = response.listsEnded();
      if (response.over()) {
        front.writeBytes(in, index, length);
        putEofs(sequence + 1, status.lasting(), front);
        return Verdict.DROP;
      }
    }
    return Verdict.FORWARD;
  }

  /** Releases the row. May be called more than once. */
  void close() {
    rowKept = false;
    if (row != null) {
      row.release();
      row = null;
    }
  }

  private boolean keeps(PacketRole role, int length) {
    return role == PacketRole.ROW
        && !rowKept
        && response.command() == Command.STMT_EXECUTE
        && length - HEADER <= MyResponse.LARGEST_FIRST_ROW;
  }

  private void keep(ByteBuf in, int index, int length) {
    if (row == null) {
      row = memory.buffer(length, HEADER + MyResponse.LARGEST_FIRST_ROW);
    }
    row.clear().writeBytes(in, index, length);
    rowKept = true;
  }

  /** In front of a packet: the EOFs that are due, and a row that was kept. */
  private void putBetween(PacketRole role, ByteBuf in, int index, ByteBuf front) {
    if (!rowKept && (role == PacketRole.PROGRESS || opensCursor(role))) {
      return;
    }
    int flags =
        role == PacketRole.END
            ? status.flags() & ~ServerStatus.SESSION_STATE_CHANGED
            : status.lasting();
    int sequence = in.getUnsignedByte(index + 3);
    ByteBuf kept = row;
    if (rowKept && kept != null) {
      int rows = kept.getUnsignedByte(3);
      putEofs(rows, flags, front);
      kept.setByte(3, rows + shift);
      front.writeBytes(kept, 0, kept.readableBytes());
      rowKept = false;
      if (kept.capacity() > LASTING_ROW) {
        close();
      }
    } else {
      putEofs(sequence, flags, front);
    }
  }

  /** The EOF behind the definitions is the only one, and there are no rows. */
  private boolean opensCursor(PacketRole role) {
    boolean opens =
        role == PacketRole.END
            && response.command() == Command.STMT_EXECUTE
            && status.cursorExists();
    if (opens) {
      eofsDue = 0;
    }
    return opens;
  }

  /**
   * Puts those that are due.
   *
   * @param sequence the backend's id of the packet behind them
   */
  private void putEofs(int sequence, int flags, ByteBuf front) {
    for (; eofsDue > 0; eofsDue--) {
      putEof(sequence + shift, flags, front);
      shift++;
    }
  }

  private static void putEof(int sequence, int flags, ByteBuf front) {
    front.writeMediumLE(EofPacket.PAYLOAD).writeByte(sequence);
    EofPacket.write(front, 0, flags);
  }

  private Verdict end(ByteBuf in, int index, int length, ByteBuf front) {
    if (length == HEADER + EofPacket.PAYLOAD) {
      return Verdict.FORWARD; // a true EOF
    }
    return withEofs ? written(in, index, length, front) : okay(in, index, length, front);
  }

  /** Takes from an OK what it tells of the session, if it does. */
  private Verdict okay(ByteBuf in, int index, int length, ByteBuf front) {
    boolean changed = withoutTrackers && status.sessionStateChanged();
    return changed ? written(in, index, length, front) : Verdict.FORWARD;
  }

  private Verdict written(ByteBuf in, int index, int length, ByteBuf front) {
    ok.read(in, index + HEADER, index + length, backend);
    int at = front.writerIndex();
    front.writeMediumLE(0).writeByte(in.getUnsignedByte(index + 3) + shift);
    ok.copy(front, ok.status(), client);
    front.setMediumLE(at, front.writerIndex() - at - HEADER);
    return Verdict.DROP;
  }
}
