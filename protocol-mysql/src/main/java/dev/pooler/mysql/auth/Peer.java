package dev.pooler.mysql.auth;

import java.security.SecureRandom;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who the kernel says is at the other end of a Unix socket (SO_PEERCRED), as auth_socket of MySQL
 * and unix_socket of MariaDB do; a password that is sent is not looked at. Our own uid may log in
 * as any user, a uid of {@code allow-uids} as the user it maps to. An entry for our own uid counts:
 * it narrows that uid to its user too.
 */
public final class Peer implements ClientAuthentication {
  private final String user;
  private final int uid;
  private final int ownUid;
  private final Map<Integer, String> allowUids;
  private final UncheckedResponse end;

  /**
   * A login of the process that the kernel says has this uid.
   *
   * @param uid the peer's uid as SO_PEERCRED shows it, unsigned
   * @param ownUid the effective uid of this process
   * @param allowUids the listener's {@code allow-uids}: uid to user name
   */
  public Peer(
      String user,
      int uid,
      int ownUid,
      Map<Integer, String> allowUids,
      Offer offer,
      SecureRandom random) {
    this.user = user;
    this.uid = uid;
    this.ownUid = ownUid;
    this.allowUids = allowUids;
    this.end = new UncheckedResponse(user, offer, random);
  }

  @Override
  public AuthStep begin(@Nullable String plugin, byte[] response) {
    String mapped = allowUids.get(uid);
    if (mapped == null) {
      return uid == ownUid ? end.begin(plugin, response) : refusedUid();
    }
    return mapped.equals(user) ? end.begin(plugin, response) : refusedUser(mapped);
  }

  @Override
  public AuthStep change(@Nullable String plugin, byte[] response) {
    return begin(plugin, response);
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    return end.onResponse(body);
  }

  @Override
  public AuthStep onChecked(PasswordCheck.Outcome outcome) {
    throw new IllegalStateException("peer checks no password");
  }

  @Override
  public int maxResponse() {
    return UncheckedResponse.MAX_RESPONSE;
  }

  private AuthStep refusedUid() {
    return refused(
        AuthRefusal.PEER_UID,
        "uid %s may not connect: add \"%s: %s\" to the listener's allow-uids"
            .formatted(uid(), uid(), user));
  }

  private AuthStep refusedUser(String mapped) {
    return refused(
        AuthRefusal.PEER_USER,
        "the listener's allow-uids lets uid %s in as \"%s\" only".formatted(uid(), mapped));
  }

  private AuthStep refused(AuthRefusal reason, String cause) {
    String text = "peer authentication failed for user \"%s\": %s".formatted(user, cause);
    return new AuthStep.Refused(reason, text, cause);
  }

  private String uid() {
    return Integer.toUnsignedString(uid);
  }
}
