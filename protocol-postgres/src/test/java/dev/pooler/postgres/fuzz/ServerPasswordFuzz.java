package dev.pooler.postgres.fuzz;

import dev.pooler.postgres.auth.BackendAuthentication;
import dev.pooler.postgres.auth.BackendLogin;
import dev.pooler.postgres.auth.BackendMethod;
import dev.pooler.postgres.auth.BackendStep;
import dev.pooler.postgres.auth.KeyDerivation;
import dev.pooler.postgres.auth.Password;
import dev.pooler.postgres.auth.ScramKeys;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A server that does not know the password asks for it in any way and order: it never gets past a
 * login that insists on SCRAM, and never sees the password in the clear from it. A message is its
 * authentication code in one byte and the data; {@code @} is our nonce.
 */
public final class ServerPasswordFuzz {
  private static final Password PASSWORD = new Password("pencil-0123");

  /** Iterations above 9,999 are right and take too long here. */
  private static final Pattern LONG = Pattern.compile("i=[0-9]{5}");

  private ServerPasswordFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    boolean insists = (input[0] & 1) == 0;
    Set<BackendMethod> allowed =
        insists ? EnumSet.of(BackendMethod.SCRAM_SHA_256) : EnumSet.allOf(BackendMethod.class);
    BackendAuthentication login =
        new BackendAuthentication(
            new BackendLogin("u", PASSWORD, false, allowed), new ScramKeys(), new CountedRandom());
    String nonce = "";
    for (byte[] piece : Pieces.of(Arrays.copyOfRange(input, 1, input.length))) {
      if (piece.length == 0) {
        continue;
      }
      byte[] data = Pieces.filled(Arrays.copyOfRange(piece, 1, piece.length), nonce);
      BackendStep step = login.onRequest(piece[0], data);
      if (step instanceof BackendStep.Derive(KeyDerivation derivation)) {
        if (LONG.matcher(new String(data, StandardCharsets.ISO_8859_1)).find()) {
          return;
        }
        step = login.onKey(derivation.derive());
      }
      if (step instanceof BackendStep.Respond respond) {
        String said = new String(respond.body(), StandardCharsets.ISO_8859_1);
        if (insists && said.contains("pencil")) {
          throw new IllegalStateException("the password in the clear");
        }
        nonce = said.contains("r=") ? said.substring(said.indexOf("r=") + 2) : nonce;
      } else if (step instanceof BackendStep.Done || step instanceof BackendStep.Wait) {
        if (insists) {
          throw new IllegalStateException("a server without the verifier is believed");
        }
        return;
      } else {
        return;
      }
    }
  }
}
