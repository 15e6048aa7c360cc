package dev.pooler.mysql.codec;

/**
 * The first byte of a payload that a server answers with (MySQL 9.7 protocol documentation,
 * "Generic Response Packets", "Connection Phase Packets"). It means this only where an answer
 * begins: rows begin with any byte.
 */
public final class PayloadHeader {
  public static final int OK = 0x00;

  /** While logging in: data of the authentication plugin. */
  public static final int AUTH_MORE_DATA = 0x01;

  /** While logging in: the next factor's plugin. */
  public static final int AUTH_NEXT_FACTOR = 0x02;

  /** Of COM_QUERY: the server asks for a file. */
  public static final int LOCAL_INFILE = 0xfb;

  /** EOF; or an OK in its place. */
  public static final int EOF = 0xfe;

  /** While logging in: another plugin. */
  public static final int AUTH_SWITCH = 0xfe;

  public static final int ERR = 0xff;

  private PayloadHeader() {}
}
