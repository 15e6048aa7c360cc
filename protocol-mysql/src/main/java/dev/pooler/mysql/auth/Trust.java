package dev.pooler.mysql.auth;

import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/** Lets everybody in who can reach the listener. */
public final class Trust implements ClientAuthentication {
  private final UncheckedResponse end;

  public Trust(String user, Offer offer, SecureRandom random) {
    this.end = new UncheckedResponse(user, offer, random);
  }

  @Override
  public AuthStep begin(@Nullable String plugin, byte[] response) {
    return end.begin(plugin, response);
  }

  @Override
  public AuthStep change(@Nullable String plugin, byte[] response) {
    return end.begin(plugin, response);
  }

  @Override
  public AuthStep onResponse(byte[] body) {
    return end.onResponse(body);
  }

  @Override
  public AuthStep onChecked(PasswordCheck.Outcome outcome) {
    throw new IllegalStateException("trust checks nothing");
  }

  @Override
  public int maxResponse() {
    return UncheckedResponse.MAX_RESPONSE;
  }
}
