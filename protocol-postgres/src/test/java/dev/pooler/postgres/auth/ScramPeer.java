package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A client that logs in with pgjdbc's SCRAM library, and the bytes around its messages. */
final class ScramPeer {
  private ScramPeer() {}

  /** The whole exchange; what comes back is Granted or Refused, the server's signature checked. */
  static AuthStep login(ClientAuthentication server, String password) throws Exception {
    AuthStep.Request offer = assertInstanceOf(AuthStep.Request.class, server.begin());
    assertEquals(AuthCode.SASL, offer.authCode());
    assertArrayEquals(bytes("SCRAM-SHA-256\0\0"), offer.data());
    ScramClient client = client(password);
    AuthStep challenge = server.onResponse(initial(client.clientFirstMessage().toString()));
    if (!(challenge instanceof AuthStep.Request request)) {
      return challenge;
    }
    assertEquals(AuthCode.SASL_CONTINUE, request.authCode());
    client.serverFirstMessage(text(request.data()));
    AuthStep end = server.onResponse(bytes(client.clientFinalMessage().toString()));
    if (end instanceof AuthStep.Granted granted && granted.finalData() != null) {
      client.serverFinalMessage(text(granted.finalData()));
    }
    return end;
  }

  static ScramClient client(String password) {
    return ScramClient.builder()
        .advertisedMechanisms(List.of("SCRAM-SHA-256"))
        .username("*")
        .password(password.toCharArray())
        .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
        .build();
  }

  static byte[] initial(String clientFirst) {
    return initial("SCRAM-SHA-256", clientFirst);
  }

  static byte[] initial(String mechanism, String clientFirst) {
    byte[] name = bytes(mechanism + "\0");
    byte[] data = bytes(clientFirst);
    return ByteBuffer.allocate(name.length + 4 + data.length)
        .put(name)
        .putInt(data.length)
        .put(data)
        .array();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
