package dev.pooler.postgres.auth;

/** Lets everybody in who can reach the listener. */
public final class Trust implements ClientAuthentication {
  private final String user;

  public Trust(String user) {
    this.user = user;
  }

  @Override
  public AuthStep begin() {
    return new AuthStep.Granted(user, null, null);
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    throw new IllegalStateException("trust asks for nothing");
  }

  @Override
  public int maxResponse() {
    return 0;
  }
}
