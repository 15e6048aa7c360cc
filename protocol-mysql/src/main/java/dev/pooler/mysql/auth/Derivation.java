package dev.pooler.mysql.auth;

import java.security.interfaces.RSAPublicKey;

/** The one costly part of a login, to be run where blocking is allowed. */
@SuppressWarnings("ArrayRecordComponent") // used once and never compared
public sealed interface Derivation {

  /** Blocks 0.1 to 10 ms, parsec's up to 250 ms if the server wants so: never on an event loop. */
  byte[] derive();

  /** The password under the server's key. */
  record Encrypted(RSAPublicKey key, Password password, Nonce nonce) implements Derivation {
    @Override
    public byte[] derive() {
      return RsaPassword.encrypt(key, password.bytes(), nonce);
    }
  }

  /** client_ed25519's signature. */
  record Signed(Password password, byte[] nonce) implements Derivation {
    @Override
    public byte[] derive() {
      return Ed25519Password.sign(password.bytes(), nonce);
    }
  }

  /** parsec's client nonce and signature. */
  record ParsecSigned(Password password, byte[] extSalt, byte[] serverNonce, byte[] clientNonce)
      implements Derivation {
    @Override
    public byte[] derive() {
      return Parsec.sign(password.bytes(), extSalt, serverNonce, clientNonce);
    }
  }
}
