package dev.pooler.mysql.packet;

import org.jspecify.annotations.Nullable;

/**
 * What a side can do, as bits of a long: the lower 32 are MySQL's (MySQL 9.7 protocol
 * documentation, "Capabilities Flags", without {@code CLIENT_}), the upper 32 MariaDB's extended
 * ones (MariaDB 11.4 documentation, "Connecting", without {@code MARIADB_CLIENT_}), which both
 * sides only send where {@link #LONG_PASSWORD} is not set.
 */
public final class Capabilities {
  /** MySQL always sets it. A MariaDB server, and a client that knows one, leaves it out. */
  public static final long LONG_PASSWORD = 1L;

  /** Affected rows are those found, not those changed. */
  public static final long FOUND_ROWS = 1L << 1;

  /** Column definitions have 16 bits of flags. */
  public static final long LONG_FLAG = 1L << 2;

  /** The login request names a schema. */
  public static final long CONNECT_WITH_DB = 1L << 3;

  /** {@code schema.table.column} is refused. */
  public static final long NO_SCHEMA = 1L << 4;

  /** Compression with zlib, from the login's OK on. */
  public static final long COMPRESS = 1L << 5;

  /** Means nothing since 3.22. */
  public static final long ODBC = 1L << 6;

  /** LOAD DATA LOCAL: the server may ask for a file. */
  public static final long LOCAL_FILES = 1L << 7;

  /** The session begins with sql_mode IGNORE_SPACE, which changes the lexer. */
  public static final long IGNORE_SPACE = 1L << 8;

  /** The protocol of 4.1; nothing older is spoken here. */
  public static final long PROTOCOL_41 = 1L << 9;

  /** wait_timeout begins as interactive_timeout. */
  public static final long INTERACTIVE = 1L << 10;

  /** TLS follows a login request that is cut off in front of the user. */
  public static final long SSL = 1L << 11;

  /** A client library's own; servers ignore it. */
  public static final long IGNORE_SIGPIPE = 1L << 12;

  /** OK and EOF have status flags; all servers since 4.0. */
  public static final long TRANSACTIONS = 1L << 13;

  /** Unused. */
  public static final long RESERVED = 1L << 14;

  /** Auth data have a length and 20 bytes: CLIENT_RESERVED2 since 5.7, always set. */
  public static final long SECURE_CONNECTION = 1L << 15;

  /** Several statements in one COM_QUERY; COM_SET_OPTION changes it. */
  public static final long MULTI_STATEMENTS = 1L << 16;

  /** Several results of one COM_QUERY. */
  public static final long MULTI_RESULTS = 1L << 17;

  /** Several results, and OUT parameters, of one COM_STMT_EXECUTE. */
  public static final long PS_MULTI_RESULTS = 1L << 18;

  /** Login packets name an authentication plugin. */
  public static final long PLUGIN_AUTH = 1L << 19;

  /** The login request has connection attributes. */
  public static final long CONNECT_ATTRS = 1L << 20;

  /** The login request's auth data have a length-encoded length. */
  public static final long PLUGIN_AUTH_LENENC_CLIENT_DATA = 1L << 21;

  /** Who logs in with an expired password may stay, to change it. */
  public static final long CAN_HANDLE_EXPIRED_PASSWORDS = 1L << 22;

  /** OK packets tell what changed in the session, and their info has a length. */
  public static final long SESSION_TRACK = 1L << 23;

  /** Result sets end with an OK, header 0xFE, and none stands behind their columns. */
  public static final long DEPRECATE_EOF = 1L << 24;

  /** Result sets begin with a byte that tells whether columns are defined. */
  public static final long OPTIONAL_RESULTSET_METADATA = 1L << 25;

  /** Compression with zstd, from the login's OK on; the login request tells the level. */
  public static final long ZSTD_COMPRESSION_ALGORITHM = 1L << 26;

  /** COM_QUERY and COM_STMT_EXECUTE have attributes. */
  public static final long QUERY_ATTRIBUTES = 1L << 27;

  /** The server may ask for a second and a third factor. */
  public static final long MULTI_FACTOR_AUTHENTICATION = 1L << 28;

  /** Reserved by MySQL; of MariaDB before 10.2 the old form of {@link #PROGRESS}. */
  public static final long CAPABILITY_EXTENSION = 1L << 29;

  /** A client library's own. */
  public static final long SSL_VERIFY_SERVER_CERT = 1L << 30;

  /** A client library's own. */
  public static final long REMEMBER_OPTIONS = 1L << 31;

  /** MariaDB: ERR packets with code 0xFFFF report progress, before the answer. */
  public static final long PROGRESS = 1L << 32;

  /** MariaDB: of the removed COM_MULTI. */
  public static final long COM_MULTI = 1L << 33;

  /** MariaDB: COM_STMT_BULK_EXECUTE. */
  public static final long STMT_BULK_OPERATIONS = 1L << 34;

  /** MariaDB: column definitions have the names of extended types and formats. */
  public static final long EXTENDED_METADATA = 1L << 35;

  /** MariaDB: executions leave out columns that the client has seen; a byte tells. */
  public static final long CACHE_METADATA = 1L << 36;

  /** MariaDB 11.5: a bulk execution may be answered with one row for each unit. */
  public static final long BULK_UNIT_RESULTS = 1L << 37;

  /** The bits that MySQL has. */
  public static final long MYSQL_MASK = 0xffffffffL;

  /** The bits that MariaDB sends where MySQL has reserved bytes. */
  public static final long MARIADB_MASK = ~MYSQL_MASK;

  private static final String[] NAMES = {
    "LONG_PASSWORD",
    "FOUND_ROWS",
    "LONG_FLAG",
    "CONNECT_WITH_DB",
    "NO_SCHEMA",
    "COMPRESS",
    "ODBC",
    "LOCAL_FILES",
    "IGNORE_SPACE",
    "PROTOCOL_41",
    "INTERACTIVE",
    "SSL",
    "IGNORE_SIGPIPE",
    "TRANSACTIONS",
    "RESERVED",
    "SECURE_CONNECTION",
    "MULTI_STATEMENTS",
    "MULTI_RESULTS",
    "PS_MULTI_RESULTS",
    "PLUGIN_AUTH",
    "CONNECT_ATTRS",
    "PLUGIN_AUTH_LENENC_CLIENT_DATA",
    "CAN_HANDLE_EXPIRED_PASSWORDS",
    "SESSION_TRACK",
    "DEPRECATE_EOF",
    "OPTIONAL_RESULTSET_METADATA",
    "ZSTD_COMPRESSION_ALGORITHM",
    "QUERY_ATTRIBUTES",
    "MULTI_FACTOR_AUTHENTICATION",
    "CAPABILITY_EXTENSION",
    "SSL_VERIFY_SERVER_CERT",
    "REMEMBER_OPTIONS",
    "PROGRESS",
    "COM_MULTI",
    "STMT_BULK_OPERATIONS",
    "EXTENDED_METADATA",
    "CACHE_METADATA",
    "BULK_UNIT_RESULTS",
  };

  private Capabilities() {}

  /** Whether all of {@code wanted} are among {@code capabilities}. */
  public static boolean has(long capabilities, long wanted) {
    return (capabilities & wanted) == wanted;
  }

  /** The name of bit number {@code bit}, 0 to 63; null where none is known. */
  public static @Nullable String name(int bit) {
    return bit >= 0 && bit < NAMES.length ? NAMES[bit] : null;
  }

  /** All names, for logs: {@code "FOUND_ROWS|PROTOCOL_41|bit 40"}; empty where there is none. */
  public static String names(long capabilities) {
    StringBuilder names = new StringBuilder();
    for (long rest = capabilities; rest != 0; rest &= rest - 1) {
      int bit = Long.numberOfTrailingZeros(rest);
      String name = name(bit);
      names.append(names.isEmpty() ? "" : "|").append(name == null ? "bit " + bit : name);
    }
    return names.toString();
  }
}
