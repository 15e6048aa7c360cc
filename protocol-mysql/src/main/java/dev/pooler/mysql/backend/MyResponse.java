package dev.pooler.mysql.backend;

import dev.pooler.core.wire.ProtocolViolation;
import dev.pooler.mysql.codec.EofPacket;
import dev.pooler.mysql.codec.OkPacket;
import dev.pooler.mysql.codec.PacketFormat;
import dev.pooler.mysql.codec.PayloadHeader;
import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import dev.pooler.mysql.packet.ServerStatus;
import io.netty.buffer.ByteBuf;

/**
 * Follows what a server answers to one command, packet by packet: what each is, and which is the
 * last (MySQL 9.7 protocol documentation, "Command Phase"; MariaDB 11.4 documentation, "Client
 * Server Protocol"; sql/protocol_classic.cc and sql/protocol.cc where they are silent).
 *
 * <pre>
 * COM_QUERY, COM_STMT_EXECUTE, COM_STMT_BULK_EXECUTE:
 *   RESULT ── OK ────────────────────────────────→ next
 *          ── FILE_REQUEST → FILE, the client's packets → BRIEF ── OK → next
 *          ── COLUMN_COUNT → COLUMNS → (COLUMNS_END) → ROWS ── END ──→ next
 *   next: RESULT while MORE_RESULTS_EXISTS is told, else IDLE
 * COM_STMT_FETCH:    ROWS ── END → IDLE
 * COM_FIELD_LIST:    FIELDS ── END → IDLE
 * COM_STMT_PREPARE:  PREPARING ── PREPARED → PARAMETERS → (PARAMETERS_END)
 *                       → PREPARED_COLUMNS → (PREPARED_COLUMNS_END) → IDLE
 * COM_STATISTICS:    TEXT → IDLE
 * COM_CHANGE_USER:   LOGIN ── OK → IDLE
 * COM_BINLOG_DUMP:   EVENTS ── END → IDLE
 * COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA, COM_QUIT: IDLE at once
 * all others:        BRIEF ── OK or END → IDLE
 * any:               ERR → IDLE
 * </pre>
 *
 * <p>States in brackets are passed through without DEPRECATE_EOF only. A cursor has no rows behind
 * its columns: an EOF, or OK in its place, with CURSOR_EXISTS ends them. To who has no
 * DEPRECATE_EOF MySQL tells of the result behind OUT parameters in front of their row only, so that
 * the EOF behind it is not the last.
 *
 * <p>Per packet: {@link #inspectLength}, then {@link #packet} with so many bytes at least. Where
 * that says INCOMPLETE nothing has changed but the length: a FrameSink answers WAIT, and its caller
 * walks what is left once more. A packet that ends the answer has been seen whole. Reads no row but
 * its first byte, and allocates nothing. Confined to one thread. It is long because it is one
 * table: each answer is a path through the same few states.
 */
final class MyResponse {
  /** Of the payload of a first row that is asked for whole. */
  static final int LARGEST_FIRST_ROW = 64 * 1024;

  /** Of the payload of an ERR; servers send half a kilobyte. */
  private static final int LARGEST_ERR = 64 * 1024;

  /** Of the payload of a text, or of the definition that ends an answer. */
  private static final int LARGEST_TEXT = 1024 * 1024;

  /** Of the payload of a column count: nine bytes, and whether the columns are defined. */
  private static final int LARGEST_COUNT = 10;

  /** Up to here the first packet of a result is asked for whole at once. */
  private static final int SMALL = 4096;

  private static final int HEADER = PacketFormat.HEADER;
  private static final int FULL = PacketFormat.LARGEST_PAYLOAD;
  private static final int SHORTEST_PREPARED = 12;

  private enum State {
    IDLE,
    RESULT,
    BRIEF,
    COLUMNS,
    COLUMNS_END,
    ROWS,
    FIELDS,
    FILE,
    PREPARING,
    PARAMETERS,
    PARAMETERS_END,
    PREPARED_COLUMNS,
    PREPARED_COLUMNS_END,
    TEXT,
    LOGIN,
    EVENTS
  }

  private final long capabilities;
  private final boolean deprecateEof;

  /** A byte tells whether columns are defined. */
  private final boolean optionalColumns;

  private final boolean optionalPrepared;
  private final boolean progress;
  private final BackendStatus status;
  private final OkPacket ok = new OkPacket();

  private State state = State.IDLE;
  private int command = -1;

  /** The next packet's. */
  private int sequence;

  /** The packet before was full: the next one goes on with it. */
  private boolean continued;

  /** The same of the client's packets with a file. */
  private boolean clientContinued;

  /** The current packet is asked for whole. */
  private boolean whole;

  private boolean firstRowWhole;

  /** Definitions that are still to come in this state. */
  private int definitions;

  /** None comes, though there are columns or parameters. */
  private boolean omitted;

  /** The rows to come are OUT parameters, with another result behind. */
  private boolean outParameters;

  private boolean rowSeen;
  private int listsEnded;
  private boolean failed;
  private int errorCode;
  private int results;
  private int resultSets;
  private long statement;
  private int parameterCount;
  private int columnCount;

  /**
   * @param capabilities that the server and we have in common
   * @param status is told the flags of each OK and EOF that ends a result, and of each ERR
   */
  MyResponse(long capabilities, BackendStatus status) {
    this.capabilities = capabilities;
    this.deprecateEof = Capabilities.has(capabilities, Capabilities.DEPRECATE_EOF);
    this.optionalPrepared =
        Capabilities.has(capabilities, Capabilities.OPTIONAL_RESULTSET_METADATA);
    this.optionalColumns =
        optionalPrepared || Capabilities.has(capabilities, Capabilities.CACHE_METADATA);
    this.progress = Capabilities.has(capabilities, Capabilities.PROGRESS);
    this.status = status;
  }

  /**
   * Whether an answer to this command can be followed to an end. Not to those after which the
   * connection speaks another protocol (the clone plugin's, group replication's), nor to the
   * removed COM_MULTI: they must not reach a backend.
   */
  static boolean follows(int command) {
    return switch (command) {
      case Command.CLONE, Command.SUBSCRIBE_GROUP_REPLICATION_STREAM, Command.MULTI -> false;
      default -> true;
    };
  }

  /** Whether the answer may have no end: events for as long as the server has some. */
  static boolean streams(int command) {
    return command == Command.BINLOG_DUMP || command == Command.BINLOG_DUMP_GTID;
  }

  /** Whether a well-formed command has no answer at all, not even ERR. */
  static boolean unanswered(int command) {
    return switch (command) {
      case Command.QUIT, Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA -> true;
      default -> false;
    };
  }

  /** As {@link #begin(int, int, boolean)}, without the first row. */
  void begin(int sentCommand, int firstSequence) {
    begin(sentCommand, firstSequence, false);
  }

  /**
   * A command is being sent, and all before it is answered.
   *
   * @param sentCommand its first byte
   * @param firstSequence the sequence id behind that of its last packet: 1 for most
   * @param withFirstRow whether the first row of an execution's result sets is wanted whole, where
   *     it has at most {@link #LARGEST_FIRST_ROW} bytes
   * @throws IllegalStateException if an answer is not over, or {@link #follows} is false
   */
  void begin(int sentCommand, int firstSequence, boolean withFirstRow) {
    if (!over() || !follows(sentCommand)) {
      throw new IllegalStateException(
          Command.name(sentCommand) + " behind " + Command.name(command) + " in " + state);
    }
    command = sentCommand;
    sequence = firstSequence & 0xff;
    firstRowWhole = withFirstRow && sentCommand == Command.STMT_EXECUTE;
    listsEnded = 0;
    failed = false;
    errorCode = 0;
    results = 0;
    resultSets = 0;
    outParameters = false;
    rowSeen = false;
    state =
        switch (sentCommand) {
          case Command.QUERY,
              Command.STMT_EXECUTE,
              Command.STMT_BULK_EXECUTE,
              Command.PROCESS_INFO ->
              State.RESULT;
          case Command.STMT_PREPARE -> State.PREPARING;
          case Command.STMT_FETCH -> State.ROWS;
          case Command.FIELD_LIST -> State.FIELDS;
          case Command.STATISTICS -> State.TEXT;
          case Command.CHANGE_USER -> State.LOGIN;
          case Command.BINLOG_DUMP, Command.BINLOG_DUMP_GTID -> State.EVENTS;
          default -> unanswered(sentCommand) ? State.IDLE : State.BRIEF;
        };
  }

  /** Whether nothing is owed. */
  boolean over() {
    return state == State.IDLE && !continued;
  }

  /** Whether the server waits for packets of the client: a file, to its empty packet. */
  boolean awaitsFile() {
    return state == State.FILE;
  }

  /** The command that is or was answered; negative if there was none. */
  int command() {
    return command;
  }

  /** Whether an ERR has ended the answer. */
  boolean failed() {
    return failed;
  }

  /** The code of that ERR, or of {@link PacketRole#LAST_WORDS}; 0: none. */
  int errorCode() {
    return errorCode;
  }

  /** Results that have come to their end, with rows and without. */
  int results() {
    return results;
  }

  /** Result sets that have begun. */
  int resultSets() {
    return resultSets;
  }

  /** The id of the statement that was prepared. */
  int statement() {
    return (int) statement;
  }

  /** Parameters of the statement that was prepared. */
  int parameterCount() {
    return parameterCount;
  }

  /** Columns of the statement that was prepared, or of the last result set. */
  int columnCount() {
    return columnCount;
  }

  /**
   * Lists of definitions that ended with the packet that was taken last: where a server without
   * DEPRECATE_EOF has an EOF for each.
   */
  int listsEnded() {
    return listsEnded;
  }

  /** How many bytes of the next packet {@link #packet} needs, its header included. Pure. */
  int inspectLength(long length) {
    if (continued) {
      return HEADER;
    }
    boolean all =
        whole
            || switch (state) {
              case ROWS, FIELDS, COLUMNS, PARAMETERS, PREPARED_COLUMNS, EVENTS, LOGIN -> false;
              default -> length <= SMALL;
            };
    return (int) (all ? length : Math.min(length, HEADER + 1));
  }

  /**
   * Takes a packet, or asks for more of it.
   *
   * @param index where its header begins
   * @param length its bytes, header included
   * @param available how many of them stand at {@code index}: {@link #inspectLength} at least
   * @throws ProtocolViolation if it is none that may come here; nothing more may be taken then
   */
  PacketRole packet(ByteBuf in, int index, long length, int available) {
    int payload = (int) length - HEADER;
    if (continued) {
      inSequence(in, index);
      continued = payload == FULL;
      listsEnded = 0;
      return PacketRole.REST;
    }
    if (payload == 0) {
      throw new ProtocolViolation("an empty packet in answer to " + Command.name(command));
    }
    int first = in.getUnsignedByte(index + HEADER);
    boolean here = length == available;
    PacketRole role =
        first == PayloadHeader.ERR
            ? error(in, index, payload, here)
            : switch (state) {
              case IDLE ->
                  throw new ProtocolViolation("the server sent a packet that answers nothing");
              case RESULT -> result(first, in, index, payload, here);
              case BRIEF -> brief(first, in, index, payload, here);
              case COLUMNS, PARAMETERS, PREPARED_COLUMNS -> definition(payload, here);
              case COLUMNS_END, PARAMETERS_END, PREPARED_COLUMNS_END ->
                  definitionsEnd(first, in, index, payload, here);
              case ROWS -> row(first, in, index, payload, here);
              case FIELDS ->
                  first == PayloadHeader.EOF
                      ? end(in, index, payload, here)
                      : continuing(PacketRole.DEFINITION, payload);
              case FILE ->
                  throw new ProtocolViolation("the server answered in front of the file's end");
              case PREPARING -> prepared(first, in, index, payload, here);
              case TEXT -> text(payload, here);
              case LOGIN ->
                  first == PayloadHeader.OK
                      ? okay(in, index, payload, here)
                      : continuing(PacketRole.LOGIN, payload);
              case EVENTS ->
                  first == PayloadHeader.EOF && payload == EofPacket.PAYLOAD
                      ? end(in, index, payload, here)
                      : continuing(PacketRole.EVENT, payload);
            };
    if (role == PacketRole.INCOMPLETE) {
      whole = true;
      return role;
    }
    whole = false;
    if (first == PayloadHeader.ERR) {
      sequence = in.getUnsignedByte(index + 3) + 1 & 0xff;
    } else {
      inSequence(in, index);
    }
    return role;
  }

  /**
   * A packet of the client passes to the server while a file, or a login's answer, is awaited.
   *
   * @param payload its bytes without the header
   * @param clientSequence its sequence id, as the server gets it
   * @return true if it ends the file: what comes next is the server's
   * @throws IllegalStateException if neither is awaited
   */
  boolean clientPacket(int payload, int clientSequence) {
    sequence = clientSequence + 1 & 0xff;
    if (state == State.LOGIN) {
      return false;
    }
    if (state != State.FILE) {
      throw new IllegalStateException("a packet of the client in " + state);
    }
    boolean rest = clientContinued;
    clientContinued = payload == FULL;
    if (payload == 0 && !rest) {
      state = State.BRIEF;
      return true;
    }
    return false;
  }

  private PacketRole result(int first, ByteBuf in, int index, int payload, boolean here) {
    if (first == PayloadHeader.OK) {
      return okay(in, index, payload, here);
    }
    if (first == PayloadHeader.LOCAL_INFILE) {
      state = State.FILE;
      clientContinued = false;
      return within(PacketRole.FILE_REQUEST, payload);
    }
    if (payload > LARGEST_COUNT) {
      throw new ProtocolViolation("a column count of " + payload + " bytes");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    int at = index + HEADER;
    int bytes = first < PayloadHeader.LOCAL_INFILE ? 1 : first == 0xfc ? 3 : LARGEST_COUNT;
    if (bytes > payload) {
      throw unexpected(first);
    }
    int count = bytes == 1 ? first : bytes == 3 ? in.getUnsignedShortLE(at + 1) : 0;
    if (count == 0) {
      throw new ProtocolViolation("a result set without a column, or more than 65,535");
    }
    int behind = at + bytes;
    omitted = optionalColumns && behind < at + payload && in.getByte(behind) == 0;
    columnCount = count;
    resultSets++;
    outParameters = false;
    rowSeen = false;
    listsEnded = 0;
    definitions = omitted ? 0 : columnCount;
    state = State.COLUMNS;
    listEnds();
    return PacketRole.COLUMN_COUNT;
  }

  private PacketRole brief(int first, ByteBuf in, int index, int payload, boolean here) {
    return switch (first) {
      case PayloadHeader.OK -> okay(in, index, payload, here);
      case PayloadHeader.EOF -> end(in, index, payload, here);
      default -> throw unexpected(first);
    };
  }

  private PacketRole definition(int payload, boolean here) {
    listsEnded = 0;
    if (definitions == 1 && deprecateEof && state != State.COLUMNS) {
      boolean last = state == State.PREPARED_COLUMNS || columnCount == 0;
      if (last && payload > LARGEST_TEXT) {
        throw new ProtocolViolation("a definition of " + payload + " bytes");
      }
      if (last && !here) {
        return PacketRole.INCOMPLETE;
      }
    }
    definitions--;
    listEnds();
    return continuing(PacketRole.DEFINITION, payload);
  }

  /** Goes on from a state of definitions as soon as none is to come any more. */
  private void listEnds() {
    if (definitions > 0) {
      return;
    }
    listsEnded++;
    if (!deprecateEof) {
      state =
          switch (state) {
            case COLUMNS -> State.COLUMNS_END;
            case PARAMETERS -> State.PARAMETERS_END;
            default -> State.PREPARED_COLUMNS_END;
          };
      return;
    }
    behindList();
  }

  private void behindList() {
    switch (state) {
      case COLUMNS, COLUMNS_END -> state = State.ROWS;
      case PARAMETERS, PARAMETERS_END -> preparedColumns();
      default -> state = State.IDLE;
    }
  }

  private void preparedColumns() {
    if (columnCount == 0) {
      state = State.IDLE;
      return;
    }
    definitions = omitted ? 0 : columnCount;
    state = State.PREPARED_COLUMNS;
    listEnds();
  }

  private PacketRole definitionsEnd(int first, ByteBuf in, int index, int payload, boolean here) {
    if (first != PayloadHeader.EOF || payload != EofPacket.PAYLOAD) {
      throw new ProtocolViolation("no EOF behind the definitions");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    listsEnded = 0;
    int flags = in.getUnsignedShortLE(index + HEADER + 3);
    if (state == State.COLUMNS_END
        && command == Command.STMT_EXECUTE
        && (flags & ServerStatus.CURSOR_EXISTS) != 0) {
      ended(flags);
      return PacketRole.END;
    }
    outParameters = state == State.COLUMNS_END && (flags & ServerStatus.PS_OUT_PARAMS) != 0;
    behindList();
    return PacketRole.DEFINITIONS_END;
  }

  private PacketRole row(int first, ByteBuf in, int index, int payload, boolean here) {
    // A text row may begin with 0xFE too, but then has a column of 16 MiB; so may one of a server
    // that writes lengths longer than needed, to whom no OK of 9 bytes in the place of an EOF is
    // known.
    if (first == PayloadHeader.EOF && payload < (deprecateEof ? FULL : 9)) {
      return end(in, index, payload, here);
    }
    if (!rowSeen && firstRowWhole && !here && payload <= LARGEST_FIRST_ROW) {
      return PacketRole.INCOMPLETE;
    }
    rowSeen = true;
    return continuing(PacketRole.ROW, payload);
  }

  private PacketRole prepared(int first, ByteBuf in, int index, int payload, boolean here) {
    if (first != PayloadHeader.OK) {
      throw unexpected(first);
    }
    if (payload < SHORTEST_PREPARED || payload > SMALL) {
      throw new ProtocolViolation("an answer to COM_STMT_PREPARE of " + payload + " bytes");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    int at = index + HEADER;
    statement = in.getUnsignedIntLE(at + 1);
    columnCount = in.getUnsignedShortLE(at + 5);
    parameterCount = in.getUnsignedShortLE(at + 7);
    omitted =
        optionalPrepared && payload > SHORTEST_PREPARED && in.getByte(at + SHORTEST_PREPARED) == 0;
    results++;
    listsEnded = 0;
    if (parameterCount > 0) {
      definitions = omitted ? 0 : parameterCount;
      state = State.PARAMETERS;
      listEnds();
    } else {
      preparedColumns();
    }
    return PacketRole.PREPARED;
  }

  private PacketRole text(int payload, boolean here) {
    if (payload > LARGEST_TEXT) {
      throw new ProtocolViolation("a text of " + payload + " bytes");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    state = State.IDLE;
    return within(PacketRole.TEXT, payload);
  }

  /** An OK that is the whole result. */
  private PacketRole okay(ByteBuf in, int index, int payload, boolean here) {
    if (payload == FULL) {
      throw new ProtocolViolation("an OK that goes on in another packet");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    ended(ok.read(in, index + HEADER, index + HEADER + payload, capabilities).status());
    return PacketRole.OK;
  }

  /** An EOF, or an OK in its place: MySQL sends true ones in any case from within procedures. */
  private PacketRole end(ByteBuf in, int index, int payload, boolean here) {
    if (payload < EofPacket.PAYLOAD || payload == FULL) {
      throw new ProtocolViolation("an EOF of " + payload + " bytes");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    if (payload == EofPacket.PAYLOAD) {
      ended(in.getUnsignedShortLE(index + HEADER + 3));
    } else if (deprecateEof) {
      ended(ok.read(in, index + HEADER, index + HEADER + payload, capabilities).status());
    } else {
      throw new ProtocolViolation("an EOF of " + payload + " bytes");
    }
    return PacketRole.END;
  }

  private void ended(int flags) {
    status.reported(flags);
    results++;
    listsEnded = 0;
    boolean more =
        switch (command) {
          case Command.QUERY, Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE ->
              outParameters || (flags & ServerStatus.MORE_RESULTS_EXISTS) != 0;
          default -> false;
        };
    outParameters = false;
    state = more ? State.RESULT : State.IDLE;
  }

  private PacketRole error(ByteBuf in, int index, int payload, boolean here) {
    if (payload < 3 || payload > LARGEST_ERR) {
      throw new ProtocolViolation("an ERR of " + payload + " bytes");
    }
    if (!here) {
      return PacketRole.INCOMPLETE;
    }
    int code = in.getUnsignedShortLE(index + HEADER + 1);
    listsEnded = 0;
    if (progress && code == 0xffff && state != State.IDLE) {
      return PacketRole.PROGRESS;
    }
    errorCode = code;
    if (state == State.IDLE) {
      return PacketRole.LAST_WORDS;
    }
    failed = true;
    state = State.IDLE;
    status.failed();
    return PacketRole.ERR;
  }

  /** Neither the last packet of an answer, nor maybe of its payload. */
  private PacketRole continuing(PacketRole role, int payload) {
    listsEnded = role == PacketRole.DEFINITION ? listsEnded : 0;
    continued = payload == FULL;
    return role;
  }

  private PacketRole within(PacketRole role, int payload) {
    if (payload == FULL) {
      throw new ProtocolViolation("a packet of 16 MiB in answer to " + Command.name(command));
    }
    listsEnded = 0;
    return role;
  }

  private ProtocolViolation unexpected(int first) {
    return new ProtocolViolation(
        Command.name(command) + " is answered with 0x" + Integer.toHexString(first));
  }

  /**
   * Only ERR may be out of step: a server that refuses a command in several packets says so in
   * front of its end (ER_NET_PACKET_TOO_LARGE), and one that gives up says so at any time.
   */
  private void inSequence(ByteBuf in, int index) {
    int told = in.getUnsignedByte(index + 3);
    if (told != sequence) {
      throw new ProtocolViolation("packet " + told + " in the place of " + sequence);
    }
    sequence = sequence + 1 & 0xff;
  }
}
