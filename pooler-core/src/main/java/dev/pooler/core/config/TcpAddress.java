package dev.pooler.core.config;

/** A TCP host (name or literal, IPv6 without brackets) and port. The name is not resolved here. */
public record TcpAddress(String host, int port) implements Address {

  /** Decided on the text alone, without a resolver: a name other than localhost may be anywhere. */
  public boolean isLoopback() {
    return host.equals("localhost")
        || host.equals("::1")
        || (host.startsWith("127.")
            && host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9')));
  }

  /** Whether it stands for every local address. */
  public boolean isWildcard() {
    return host.equals("0.0.0.0") || host.equals("::");
  }

  /** {@code host:port}, IPv6 in brackets. */
  public String hostAndPort() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  @Override
  public String toString() {
    return "tcp:" + hostAndPort();
  }
}
