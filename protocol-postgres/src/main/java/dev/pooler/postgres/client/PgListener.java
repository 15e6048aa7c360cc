package dev.pooler.postgres.client;

import dev.pooler.core.config.Auth;
import dev.pooler.core.protocol.ListenerTls;
import dev.pooler.postgres.auth.UserStore;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One listening socket's rules.
 *
 * @param users may change with a reload
 * @param allowUids for {@code peer}: other uids, each with the one user it may be
 * @param tls asked for each client; gives null where the listener offers none
 * @param loginTimeout from accept to the end of the authentication, while the database, which has
 *     its own, is not known
 * @param peerUid asks the kernel who is at the other end of a Unix socket
 */
public record PgListener(
    Auth auth,
    Supplier<UserStore> users,
    Map<Integer, String> allowUids,
    Supplier<@Nullable ListenerTls> tls,
    Supplier<Duration> loginTimeout,
    ToIntFunction<Channel> peerUid) {

  /** PostgreSQL's name in TLS (manual, "SSL Session Encryption"; IANA's list). */
  public static final String ALPN = "postgresql";
}
