package dev.pooler.postgres.auth;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * The two messages of a SCRAM client, parsed as PostgreSQL does (RFC 5802, section 7): optional
 * extensions are skipped, mandatory ones and authorization identities refused. Text is bytes as
 * ISO-8859-1, so that the signatures run over what was sent whatever its encoding.
 */
final class ScramClientMessages {
  private ScramClientMessages() {}

  /**
   * The message that opens the exchange.
   *
   * @param binding the channel binding flag: n (can't), y (could, but thinks we can't), p (does)
   * @param header the GS2 header, which the final message repeats
   * @param bare the message without its GS2 header, as it enters the AuthMessage
   */
  record First(char binding, String header, String bare, String nonce) {}

  /**
   * The message with the proof.
   *
   * @param withoutProof as it enters the AuthMessage
   */
  @SuppressWarnings("ArrayRecordComponent") // used once and never compared
  record Final(String channelBinding, String nonce, String withoutProof, byte[] proof) {}

  static First first(byte[] message) throws MalformedSasl {
    String text = text(message);
    char binding = binding(text);
    int flag = binding == 'p' ? boundFlag(text) : 1;
    if (text.startsWith(",a=", flag)) {
      throw MalformedSasl.message("client uses an authorization identity");
    }
    if (!text.startsWith(",,", flag)) {
      throw MalformedSasl.message("GS2 header is not \"n,,\" or \"y,,\"");
    }
    String bare = text.substring(flag + 2);
    String[] attributes = bare.split(",", -1);
    if (attributes[0].startsWith("m=")) {
      throw MalformedSasl.message("client requires an unsupported SCRAM extension");
    }
    // The name is not looked at: PostgreSQL goes by the one of the start-up packet.
    value(attributes, 0, 'n');
    String nonce = nonce(value(attributes, 1, 'r'));
    skipExtensions(attributes, attributes.length);
    return new First(binding, text.substring(0, flag + 2), bare, nonce);
  }

  static Final last(byte[] message) throws MalformedSasl {
    String text = text(message);
    String[] attributes = text.split(",", -1);
    if (attributes.length < 3) {
      throw MalformedSasl.message("client-final-message has too few attributes");
    }
    String channelBinding = value(attributes, 0, 'c');
    String nonce = nonce(value(attributes, 1, 'r'));
    int last = attributes.length - 1;
    skipExtensions(attributes, last);
    byte[] proof = proof(value(attributes, last, 'p'));
    String withoutProof = text.substring(0, text.length() - attributes[last].length() - 1);
    return new Final(channelBinding, nonce, withoutProof, proof);
  }

  private static String text(byte[] message) throws MalformedSasl {
    String text = new String(message, StandardCharsets.ISO_8859_1);
    if (text.isEmpty()) {
      throw MalformedSasl.message("message is empty");
    }
    if (text.indexOf('\0') >= 0) {
      throw MalformedSasl.message("message holds a zero byte");
    }
    return text;
  }

  private static char binding(String text) throws MalformedSasl {
    return switch (text.charAt(0)) {
      case 'n' -> 'n';
      case 'y' -> 'y';
      case 'p' -> 'p';
      default -> throw MalformedSasl.message("unknown channel binding flag");
    };
  }

  /** Where the flag {@code p=…} ends. The one type is the only one that PostgreSQL has, too. */
  private static int boundFlag(String text) throws MalformedSasl {
    int end = "p=".length() + EndPointBinding.TYPE.length();
    if (!text.startsWith("p=" + EndPointBinding.TYPE + ",")) {
      throw MalformedSasl.of(
          AuthRefusal.MALFORMED_MESSAGE,
          "unsupported SCRAM channel-binding type: only " + EndPointBinding.TYPE);
    }
    return end;
  }

  private static String value(String[] attributes, int index, char name) throws MalformedSasl {
    if (index >= attributes.length || !isAttribute(attributes[index], name)) {
      throw MalformedSasl.message("attribute \"" + name + "\" is missing");
    }
    return attributes[index].substring(2);
  }

  private static boolean isAttribute(String attribute, char name) {
    return attribute.length() >= 2 && attribute.charAt(0) == name && attribute.charAt(1) == '=';
  }

  private static void skipExtensions(String[] attributes, int end) throws MalformedSasl {
    for (int i = 2; i < end; i++) {
      String attribute = attributes[i];
      if (attribute.length() < 2 || !isLetter(attribute.charAt(0)) || attribute.charAt(1) != '=') {
        throw MalformedSasl.message("extension is no attribute");
      }
    }
  }

  private static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private static String nonce(String nonce) throws MalformedSasl {
    boolean printable = nonce.chars().allMatch(c -> c >= 0x21 && c <= 0x7e);
    if (nonce.isEmpty() || !printable) {
      throw MalformedSasl.message("nonce is empty or not printable");
    }
    return nonce;
  }

  private static byte[] proof(String base64) throws MalformedSasl {
    byte[] proof;
    try {
      proof = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw MalformedSasl.message("proof is not base64");
    }
    // Encoded anew, because the decoder lets padding be left out and the last bits be anything.
    boolean canonical = Base64.getEncoder().encodeToString(proof).equals(base64);
    if (proof.length != Hashes.SHA_256_BYTES || !canonical) {
      throw MalformedSasl.message("proof is not 32 bytes in base64");
    }
    return proof;
  }
}
