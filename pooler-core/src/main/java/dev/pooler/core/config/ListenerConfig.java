package dev.pooler.core.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One socket for clients.
 *
 * @param mode of the socket file; without meaning for TCP
 * @param allowUids with {@link Auth#PEER}: further uids that may connect, and the user each of them
 *     is
 * @param tls null where clients that ask for TLS are told no
 */
public record ListenerConfig(
    Protocol protocol,
    Address address,
    FileMode mode,
    Auth auth,
    Map<Integer, String> allowUids,
    @Nullable ServerTls tls) {
  public ListenerConfig {
    allowUids = Map.copyOf(allowUids);
  }
}
