package dev.pooler.postgres.auth;

import java.util.Map;

/**
 * Who the kernel says is at the other end of a Unix socket (SO_PEERCRED). Our own uid may log in as
 * any user, a uid of {@code allow-uids} as the user it maps to. An entry for our own uid counts: it
 * narrows that uid to its user too.
 */
public final class Peer implements ClientAuthentication {
  private final String user;
  private final int uid;
  private final int ownUid;
  private final Map<Integer, String> allowUids;

  /**
   * A login of the process that the kernel says has this uid.
   *
   * @param uid the peer's uid as SO_PEERCRED shows it, unsigned
   * @param ownUid the effective uid of this process
   * @param allowUids the listener's {@code allow-uids}: uid to user name
   */
  public Peer(String user, int uid, int ownUid, Map<Integer, String> allowUids) {
    this.user = user;
    this.uid = uid;
    this.ownUid = ownUid;
    this.allowUids = allowUids;
  }

  @Override
  public AuthStep begin() {
    String mapped = allowUids.get(uid);
    if (mapped == null) {
      return uid == ownUid ? granted() : refusedUid();
    }
    return mapped.equals(user) ? granted() : refusedUser(mapped);
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    throw new IllegalStateException("peer asks for nothing");
  }

  @Override
  public int maxResponse() {
    return 0;
  }

  private AuthStep granted() {
    return new AuthStep.Granted(user, null, null);
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
