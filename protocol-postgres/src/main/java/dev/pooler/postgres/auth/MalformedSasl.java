package dev.pooler.postgres.auth;

/** A SASL message that can't be used; has no stack, because a stranger can cause it at will. */
final class MalformedSasl extends Exception {
  private final AuthRefusal reason;
  private final String text;

  private MalformedSasl(AuthRefusal reason, String text, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
    this.text = text;
  }

  static MalformedSasl message(String detail) {
    return new MalformedSasl(AuthRefusal.MALFORMED_MESSAGE, "malformed SCRAM message", detail);
  }

  static MalformedSasl of(AuthRefusal reason, String text) {
    return new MalformedSasl(reason, text, text);
  }

  AuthStep.Refused refused() {
    return new AuthStep.Refused(reason, text, String.valueOf(getMessage()));
  }
}
