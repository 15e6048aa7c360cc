package dev.pooler.postgres.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.postgres.cancel.CancelKey;
import dev.pooler.postgres.message.StartupPacket;
import dev.pooler.postgres.message.StartupPacket.Startup;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The real driver logs in at a server made of this package and one loopback socket. */
@Timeout(30)
class PgjdbcLoginTest {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final UserStore users =
      new UserStore(
          Map.of(
              "app",
              Credentials.parse("app", "pässwort"),
              "old",
              new Credentials(null, Md5Hash.of("old", new Password("pässwort")))),
          UserStore.newMockSecret());

  @Test
  void logsInByTrust() throws Exception {
    assertEquals("app", login("app", "", Trust::new).user());
  }

  @Test
  void logsInByScram() throws Exception {
    Startup startup = login("app", "pässwort", user -> new ScramSha256(user, users, RANDOM));

    assertEquals("db", startup.database());
    assertEquals("pooler test", startup.settings().get("application_name"));
    assertEquals("UTF8", startup.settings().get("client_encoding"));
    assertEquals("7s", startup.settings().get("statement_timeout"));
    assertTrue(startup.settings().containsKey("DateStyle"));
    assertTrue(startup.settings().containsKey("TimeZone"));
  }

  @Test
  void logsInByMd5() throws Exception {
    assertEquals("old", login("old", "pässwort", user -> new Md5(user, users, RANDOM)).user());
  }

  @Test
  void isToldThatThePasswordIsWrong() {
    SQLException refusal =
        assertThrows(
            SQLException.class,
            () -> login("app", "wrong", user -> new ScramSha256(user, users, RANDOM)));

    assertEquals("28P01", refusal.getSQLState());
    assertTrue(
        String.valueOf(refusal.getMessage())
            .contains("password authentication failed for user \"app\""));
  }

  private static Startup login(
      String user, String password, Function<String, ClientAuthentication> method)
      throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Startup> served = serve(listener, method);
      Properties properties = new Properties();
      properties.setProperty("user", user);
      properties.setProperty("password", password);
      properties.setProperty("sslmode", "disable");
      properties.setProperty("gssEncMode", "disable");
      properties.setProperty("assumeMinServerVersion", "18");
      properties.setProperty("ApplicationName", "pooler test");
      properties.setProperty("options", "-c statement_timeout=7s");
      String url = "jdbc:postgresql://127.0.0.1:" + listener.getLocalPort() + "/db";
      try (Connection connection = DriverManager.getConnection(url, properties)) {
        assertFalse(connection.isClosed());
      }
      return served.get();
    }
  }

  private static CompletableFuture<Startup> serve(
      ServerSocket listener, Function<String, ClientAuthentication> method) {
    CompletableFuture<Startup> served = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try (Socket socket = listener.accept()) {
        served.complete(serve(socket, method));
      } catch (IOException | RuntimeException | AssertionError e) {
        served.completeExceptionally(e);
      }
    });
    return served;
  }

  private static Startup serve(Socket socket, Function<String, ClientAuthentication> method)
      throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
    int length = in.readInt();
    assertTrue(StartupPacket.isAcceptable(length));
    Startup startup =
        assertInstanceOf(Startup.class, StartupPacket.parse(in.readNBytes(length - 4)));
    ClientAuthentication authentication = method.apply(startup.user());
    AuthStep step = authentication.begin();
    while (step instanceof AuthStep.Request request) {
      sendAuthentication(out, request.authCode(), request.data());
      assertEquals('p', in.read());
      step = authentication.onResponse(in.readNBytes(in.readInt() - 4));
    }
    switch (step) {
      case AuthStep.Granted granted -> ready(out, granted);
      case AuthStep.Refused refused -> refuse(out, refused);
      case AuthStep.Request _ -> throw new AssertionError("left above");
    }
    in.readAllBytes();
    return startup;
  }

  private static void ready(DataOutputStream out, AuthStep.Granted granted) throws IOException {
    byte[] finalData = granted.finalData();
    if (finalData != null) {
      sendAuthentication(out, AuthCode.SASL_FINAL, finalData);
    }
    sendAuthentication(out, AuthCode.OK, new byte[0]);
    send(out, 'S', ScramPeer.bytes("server_version\00018.6\0"));
    send(out, 'S', ScramPeer.bytes("client_encoding\0UTF8\0"));
    send(out, 'S', ScramPeer.bytes("standard_conforming_strings\0on\0"));
    CancelKey key = new CancelKey(7, new byte[4]);
    out.writeByte('K');
    out.writeInt(12);
    out.writeInt(key.processId());
    out.write(key.secret());
    send(out, 'Z', ScramPeer.bytes("I"));
  }

  private static void refuse(DataOutputStream out, AuthStep.Refused refused) throws IOException {
    String fields =
        "SFATAL\0VFATAL\0C%s\0M%s\0\0".formatted(refused.reason().sqlState(), refused.text());
    send(out, 'E', ScramPeer.bytes(fields));
  }

  private static void sendAuthentication(DataOutputStream out, int code, byte[] data)
      throws IOException {
    out.writeByte('R');
    out.writeInt(8 + data.length);
    out.writeInt(code);
    out.write(data);
    out.flush();
  }

  private static void send(DataOutputStream out, char type, byte[] body) throws IOException {
    out.writeByte(type);
    out.writeInt(4 + body.length);
    out.write(body);
    out.flush();
  }
}
