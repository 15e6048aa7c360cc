package dev.pooler.mysql.backend;

/**
 * What a packet is within the answer to a command ({@link MyResponse}). A payload of 16 MiB or more
 * comes in several packets: the first has the role, the others are {@link #REST}.
 */
enum PacketRole {
  /** Can't be told yet: ask again with as many bytes as {@link MyResponse#inspectLength} says. */
  INCOMPLETE,
  /** Header 0x00: a result without rows, whole. */
  OK,
  /**
   * Header 0xFE: an OK in the place of an EOF, or a true EOF, whole. It ends rows, or stands alone.
   */
  END,
  /** Header 0xFF, whole. The answer is over, whatever else was to come. */
  ERR,
  /** An ERR without any question: the server says why it closes the connection. */
  LAST_WORDS,
  /** MariaDB: an ERR with code 0xFFFF that tells how far the server is, whole. */
  PROGRESS,
  /** LOAD DATA LOCAL: the server wants a file of the client. */
  FILE_REQUEST,
  /** A result set begins, whole. */
  COLUMN_COUNT,
  /** A statement is prepared, whole. */
  PREPARED,
  /** One column or parameter; whole if it ends the answer. */
  DEFINITION,
  /** The EOF between definitions and rows, whole; without DEPRECATE_EOF only. */
  DEFINITIONS_END,
  /** One row, text or binary. */
  ROW,
  /** Text without any header, whole. */
  TEXT,
  /** A step of the authentication, before OK or ERR. */
  LOGIN,
  /** An event of the binary log. */
  EVENT,
  /** Goes on with the payload of the packet before; may be empty. */
  REST
}
