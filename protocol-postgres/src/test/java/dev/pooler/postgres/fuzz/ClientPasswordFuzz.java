package dev.pooler.postgres.fuzz;

import dev.pooler.postgres.auth.AuthStep;
import dev.pooler.postgres.auth.ClientAuthentication;
import dev.pooler.postgres.auth.Credentials;
import dev.pooler.postgres.auth.Md5;
import dev.pooler.postgres.auth.ScramSha256;
import dev.pooler.postgres.auth.UserStore;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;

/**
 * What a client without the password sends in a login, SCRAM or md5, is asked on or refused, never
 * granted and never our fault. In a message {@code @} is the nonce that the server has added.
 */
public final class ClientPasswordFuzz {
  private static final String SCRAM =
      "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$"
          + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
          + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

  private static final UserStore USERS =
      new UserStore(
          Map.of(
              "scram", Credentials.parse("scram", SCRAM),
              "md5", Credentials.parse("md5", "md50123456789abcdef0123456789abcdef")),
          new byte[32]);

  private ClientPasswordFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    SecureRandom random = new CountedRandom();
    ClientAuthentication login =
        switch (input[0] & 3) {
          case 0 -> new ScramSha256("scram", USERS, random);
          case 1 -> new ScramSha256("nobody", USERS, random);
          case 2 -> new Md5("md5", USERS, random);
          default -> new Md5("scram", USERS, random);
        };
    AuthStep step = login.begin();
    for (byte[] piece : Pieces.of(Arrays.copyOfRange(input, 1, input.length))) {
      if (!(step instanceof AuthStep.Request request)) {
        break;
      }
      if (login.maxResponse() <= 0) {
        throw new IllegalStateException("asks and takes no answer");
      }
      step = login.onResponse(Pieces.filled(piece, nonce(request)));
    }
    if (step instanceof AuthStep.Granted) {
      throw new IllegalStateException("granted");
    }
  }

  /** Between "r=" and the comma of a server-first-message. */
  private static String nonce(AuthStep.Request request) {
    String text = new String(request.data(), StandardCharsets.ISO_8859_1);
    int comma = text.indexOf(',');
    return text.startsWith("r=") && comma > 0 ? text.substring(2, comma) : "";
  }
}
