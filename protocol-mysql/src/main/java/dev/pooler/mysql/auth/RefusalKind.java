package dev.pooler.mysql.auth;

import java.util.Locale;

/**
 * What a server's error number means to whoever keeps logging in (MySQL 9.7 error reference;
 * MariaDB 11.4 error codes for those above 4000).
 */
public enum RefusalKind {
  /**
   * The secret is not the right one, or the account is not there: sending it again is of no use.
   */
  WRONG_SECRET(true, false),
  /** The password was right and has expired; the server is well. */
  EXPIRED_PASSWORD(true, false),
  /** Too many wrong passwords, or locked by hand; each further try may make it longer. */
  ACCOUNT_LOCKED(true, false),
  /** The account may not use this line, or this method is not there. */
  METHOD(false, false),
  /** No such database, or no right to use it. */
  DATABASE(false, false),
  /** Nobody may connect from this address. */
  HOST_NOT_ALLOWED(false, false),
  /** Blocked after max_connect_errors logins that broke off: until FLUSH HOSTS. */
  HOST_BLOCKED(false, false),
  /** No connection is free, of the server or of the account. */
  TOO_MANY_CONNECTIONS(false, true),
  /** The server ends or has just begun. */
  UNAVAILABLE(false, true),
  /** Anything else. */
  OTHER(false, true);

  private final boolean secret;
  private final boolean temporary;

  RefusalKind(boolean secret, boolean temporary) {
    this.secret = secret;
    this.temporary = temporary;
  }

  /** Of MySQL's or MariaDB's error number. */
  public static RefusalKind of(int errno) {
    return switch (errno) {
      case 1045, 1698 -> WRONG_SECRET; // ER_ACCESS_DENIED_ERROR, …_NO_PASSWORD_ERROR
      case 1820, 1862 -> EXPIRED_PASSWORD; // ER_MUST_CHANGE_PASSWORD, …_LOGIN
      case 3118, // ER_ACCOUNT_HAS_BEEN_LOCKED
          3955, // ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
          4150, // MariaDB ER_USER_IS_BLOCKED
          4151 -> // MariaDB ER_ACCOUNT_HAS_BEEN_LOCKED
          ACCOUNT_LOCKED;
      case 1251, // ER_NOT_SUPPORTED_AUTH_MODE
          1275, // ER_SERVER_IS_IN_SECURE_AUTH_MODE
          1524, // ER_PLUGIN_IS_NOT_LOADED
          3159 -> // ER_SECURE_TRANSPORT_REQUIRED
          METHOD;
      case 1044, 1049 -> DATABASE; // ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR
      case 1129 -> HOST_BLOCKED; // ER_HOST_IS_BLOCKED
      case 1130 -> HOST_NOT_ALLOWED; // ER_HOST_NOT_PRIVILEGED
      case 1040, // ER_CON_COUNT_ERROR
          1203, // ER_TOO_MANY_USER_CONNECTIONS
          1226 -> // ER_USER_LIMIT_REACHED
          TOO_MANY_CONNECTIONS;
      case 1053, 3032, 3168 -> // ER_SERVER_SHUTDOWN, ER_SERVER_OFFLINE_MODE, …_ISNT_AVAILABLE
          UNAVAILABLE;
      default -> OTHER;
    };
  }

  /**
   * Whether the same secret should rest for a while: servers count wrong ones and lock accounts
   * (MySQL's FAILED_LOGIN_ATTEMPTS, MariaDB's max_password_errors).
   */
  public boolean isAboutSecret() {
    return secret;
  }

  /** Whether trying again can mend it without anybody's doing. */
  public boolean isTemporary() {
    return temporary;
  }

  /** The word in logs and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
