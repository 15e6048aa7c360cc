package dev.pooler.server.config;

import dev.pooler.core.config.Address;
import dev.pooler.core.config.TcpAddress;
import dev.pooler.core.config.UnixAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Reads {@code unix:/path}, {@code tcp:host:port} and {@code host:port}. */
final class AddressText {
  /** {@code sun_path} has 108 bytes, the last of them 0 (unix(7)). */
  private static final int LONGEST_PATH = 107;

  private AddressText() {}

  /**
   * @param defaultPort the port of an address that names none; 0: it must name one
   */
  static Address parse(String text, int defaultPort) throws BadValue {
    if (text.startsWith("unix:")) {
      return unix(text.substring("unix:".length()));
    }
    if (text.startsWith("/")) {
      throw new BadValue("\"" + text + "\" needs unix: in front of it");
    }
    return tcp(text.startsWith("tcp:") ? text.substring("tcp:".length()) : text, defaultPort);
  }

  private static UnixAddress unix(String path) throws BadValue {
    if (!path.startsWith("/") || path.endsWith("/")) {
      throw new BadValue("\"unix:" + path + "\" is not unix: and the absolute path of a socket");
    }
    int length = path.getBytes(StandardCharsets.UTF_8).length;
    if (length > LONGEST_PATH) {
      throw new BadValue(
          "the path has "
              + length
              + " bytes, the kernel takes at most "
              + LONGEST_PATH
              + " for a socket");
    }
    try {
      return new UnixAddress(Path.of(path));
    } catch (InvalidPathException e) {
      throw new BadValue("\"" + path + "\" is not a path");
    }
  }

  private static TcpAddress tcp(String text, int defaultPort) throws BadValue {
    int bracket = text.startsWith("[") ? text.indexOf(']') : -1;
    String host = text;
    String port = "";
    int colon = text.indexOf(':', Math.max(0, bracket));
    if (colon >= 0) {
      host = text.substring(0, colon);
      port = text.substring(colon + 1);
    }
    if (bracket > 0 && bracket == host.length() - 1) {
      host = host.substring(1, bracket);
    }
    if (host.isEmpty() || !plainHost(host, bracket > 0)) {
      throw new BadValue("\"" + text + "\" is not host:port or unix:/path");
    }
    if (colon < 0 && defaultPort > 0) {
      return new TcpAddress(host, defaultPort);
    }
    return new TcpAddress(host, port(text, port));
  }

  /** Letters, digits, dots, dashes and underscores; colons in brackets only (IPv6). */
  private static boolean plainHost(String host, boolean bracketed) {
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      if (!(Character.isLetterOrDigit(c)
          || c == '.'
          || c == '-'
          || c == '_'
          || (bracketed && (c == ':' || c == '%')))) {
        return false;
      }
    }
    return true;
  }

  private static int port(String address, String port) throws BadValue {
    boolean digits =
        !port.isEmpty() && port.length() <= 5 && port.chars().allMatch(c -> c >= '0' && c <= '9');
    int number = digits ? Integer.parseInt(port) : 0;
    if (number < 1 || number > 65_535) {
      throw new BadValue("\"" + address + "\" needs a port from 1 to 65535 at its end");
    }
    return number;
  }
}
