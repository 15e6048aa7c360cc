package dev.pooler.postgres.auth;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.ClientFirstMessage;
import com.ongres.scram.common.Gs2CbindFlag;
import com.ongres.scram.common.Gs2Header;
import com.ongres.scram.common.ServerFirstMessage;
import com.ongres.scram.common.exception.ScramException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The SCRAM messages of one login, on top of scram-client. That library wants the keys before it
 * has seen the salt they depend on; so the server's first message is read by itself, and the client
 * is made, with the same nonce, when the keys are there.
 */
final class BackendScram {
  /** libpq sends no name, pgjdbc this one: PostgreSQL goes by the one of the start-up packet. */
  private static final String NAME = "*";

  /**
   * PBKDF2 costs about 1 µs an iteration: a hostile server could hold a thread for half an hour
   * with one message. PostgreSQL's default is 4096, OWASP's advice of 2023 is 600,000; three times
   * that is a two-second login, which nobody configures on purpose.
   */
  static final int MAX_ITERATIONS = 2_000_000;

  /**
   * The server's messages as RFC 5802 has them. Checked here, because scram-client 3.2 answers a
   * message that lacks an attribute with an AssertionError where assertions are on.
   */
  private static final Pattern FIRST =
      Pattern.compile("r=[^,]+,s=[^,]+,i=[0-9]{1,10}(,[A-Za-z]=[^,]+)*");

  private static final Pattern FINAL =
      Pattern.compile("(v=[A-Za-z0-9+/]{43}=|e=[^,]+)(,[A-Za-z]=[^,]+)*");

  /** What the server's first message says. */
  @SuppressWarnings("ArrayRecordComponent") // used once and never compared
  record Challenge(String text, byte[] salt, int iterations) {}

  private final String nonce;
  private final byte @Nullable [] binding;
  private final boolean plus;

  /**
   * One exchange.
   *
   * @param binding of the TLS to the server, or null where we can't or shan't bind
   * @param plus the server offers to be bound: with {@code binding} only
   */
  BackendScram(String nonce, byte @Nullable [] binding, boolean plus) {
    this.nonce = nonce;
    this.binding = binding;
    this.plus = plus;
  }

  private String mechanism() {
    return plus ? ScramSha256.PLUS : ScramSha256.MECHANISM;
  }

  /** "y" tells an honest server that somebody has taken its offer to bind away. */
  private Gs2Header header() {
    if (plus) {
      return new Gs2Header(Gs2CbindFlag.CHANNEL_BINDING_REQUIRED, EndPointBinding.TYPE);
    }
    return new Gs2Header(
        binding == null ? Gs2CbindFlag.CLIENT_NOT : Gs2CbindFlag.CLIENT_YES_SERVER_NOT);
  }

  /** SASLInitialResponse. */
  byte[] initialResponse() {
    byte[] first = utf8(new ClientFirstMessage(header(), NAME, nonce).toString());
    byte[] mechanism = utf8(mechanism());
    return ByteBuffer.allocate(mechanism.length + 1 + Integer.BYTES + first.length)
        .put(mechanism)
        .put((byte) 0)
        .putInt(first.length)
        .put(first)
        .array();
  }

  /**
   * Reads the server's first message.
   *
   * @throws ScramException or IllegalArgumentException when it can't be read, or the nonce isn't
   *     ours
   */
  Challenge challenge(byte[] data) throws ScramException {
    String text = checked(FIRST, data);
    ServerFirstMessage message = ServerFirstMessage.parseFrom(text, nonce);
    byte[] salt = Base64.getDecoder().decode(message.getSalt());
    return new Challenge(text, salt, message.getIterationCount());
  }

  /** A client that has come as far as {@code challenge}; its final message is next. */
  ScramClient client(Challenge challenge, ScramKey key) throws ScramException {
    ScramClient.FinalBuildStage stage =
        ScramClient.builder()
            .advertisedMechanisms(List.of(mechanism()))
            .username(NAME)
            .clientAndServerKey(key.clientKey(), key.serverKey())
            .nonceSupplier(() -> nonce);
    if (binding != null) {
      stage.channelBinding(EndPointBinding.TYPE, binding);
    }
    ScramClient client = stage.build();
    client.clientFirstMessage();
    client.serverFirstMessage(challenge.text());
    return client;
  }

  /**
   * Checks the server's signature.
   *
   * @throws ScramException or IllegalArgumentException when it is wrong, missing or can't be read
   */
  static void verify(ScramClient client, byte[] data) throws ScramException {
    client.serverFinalMessage(checked(FINAL, data));
  }

  private static String checked(Pattern form, byte[] data) {
    String text = new String(data, StandardCharsets.UTF_8);
    if (!form.matcher(text).matches()) {
      throw new IllegalArgumentException("malformed SCRAM message");
    }
    return text;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
