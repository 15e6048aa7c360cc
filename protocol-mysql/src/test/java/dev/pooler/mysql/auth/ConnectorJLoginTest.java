package dev.pooler.mysql.auth;

import static dev.pooler.mysql.auth.Wire.ascii;
import static dev.pooler.mysql.auth.Wire.join;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The real driver logs in at a server made of this package and one loopback socket. */
@Timeout(30)
class ConnectorJLoginTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final ServerKey KEY = ServerKey.generate(RANDOM);
  private static final byte[] SALT = ascii("AbCdEfGhIjKlMnOpQrSt");

  private static final UserStore PLAIN =
      new UserStore(Map.of("app", Credentials.parse("pässwort")), UserStore.newMockSecret());
  private static final UserStore STORED =
      new UserStore(
          Map.of(
              "app",
              Credentials.parse(
                  "$A$005$AbCdEfGhIjKlMnOpQrSt"
                      + new String(
                          ShaCrypt.digest("pässwort".getBytes(StandardCharsets.UTF_8), SALT, 5000),
                          StandardCharsets.ISO_8859_1))),
          UserStore.newMockSecret());

  @Test
  void logsInByTheFastExchange() throws Exception {
    assertEquals("caching_sha2_password, more 3, ok", login(PLAIN, Line.PLAIN_TCP, "pässwort"));
  }

  /** Over a Unix socket it does the same: only TLS makes it show the password. */
  @Test
  @Tag("mysql-case-103")
  void asksForTheKey() throws Exception {
    for (Line line : new Line[] {Line.PLAIN_TCP, Line.UNIX_SOCKET}) {
      assertEquals(
          "caching_sha2_password, more 4, key, check, ok", login(STORED, line, "pässwort"));
    }
  }

  @Test
  void isSwitchedToMysqlNativePassword() throws Exception {
    assertEquals(
        "mysql_native_password, switch mysql_native_password, ok",
        login(
            PLAIN,
            Line.PLAIN_TCP,
            "pässwort",
            "defaultAuthenticationPlugin",
            "mysql_native_password"));
  }

  @Test
  void isWelcomedWithAnyPasswordByTrust() throws Exception {
    assertEquals("caching_sha2_password, more 3, ok", trusted("whatever"));
    assertEquals("caching_sha2_password, ok", trusted(""));
  }

  @Test
  void isToldThatThePasswordIsWrong() throws Exception {
    assertEquals("caching_sha2_password, 1045", login(PLAIN, Line.PLAIN_TCP, "wrong"));
    assertEquals(
        "caching_sha2_password, more 4, key, check, 1045", login(STORED, Line.PLAIN_TCP, "wrong"));
    assertEquals("caching_sha2_password, 1045", login(PLAIN, Line.PLAIN_TCP, ""));
  }

  private interface Method {
    ClientAuthentication of(String user, Offer offer);
  }

  private static String trusted(String password) throws Exception {
    return said((user, offer) -> new Trust(user, offer, RANDOM), password);
  }

  private static String login(UserStore users, Line line, String password, String... property)
      throws Exception {
    FastDigests digests = new FastDigests();
    return said(
        (user, offer) ->
            new PasswordLogin(
                new ClientLogin(user, "127.0.0.1", line), users, digests, KEY, offer, RANDOM),
        password,
        property);
  }

  private static String said(Method method, String password, String... property) throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<String> served = new CompletableFuture<>();
      Thread.startVirtualThread(() -> {
        try (Socket socket = listener.accept()) {
          served.complete(new Server(socket, method).serve());
        } catch (IOException | RuntimeException e) {
          served.completeExceptionally(e);
        }
      });
      Properties properties = new Properties();
      properties.setProperty("user", "app");
      properties.setProperty("password", password);
      properties.setProperty("sslMode", "DISABLED");
      properties.setProperty("allowPublicKeyRetrieval", "true");
      properties.setProperty("passwordCharacterEncoding", "UTF-8");
      for (int i = 0; i < property.length; i += 2) {
        properties.setProperty(property[i], property[i + 1]);
      }
      String url = "jdbc:mysql://127.0.0.1:" + listener.getLocalPort() + "/";
      SQLException end =
          assertThrows(SQLException.class, () -> DriverManager.getConnection(url, properties));
      String said = served.get();
      assertEquals(said.endsWith("ok") ? 1105 : 1045, end.getErrorCode(), end.getMessage());
      return said;
    }
  }

  /** As much of a server as a login needs: the first command is answered by an error. */
  private static final class Server {
    private static final int CONNECT_WITH_DB = 0x8;

    /** LONG_PASSWORD, LONG_FLAG, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH. */
    private static final int CAPABILITIES = 0x1 | 0x4 | 0x200 | 0x2000 | 0x8000 | 0x80000;

    private final Socket socket;
    private final Method method;
    private final StringBuilder said = new StringBuilder();
    private int sequence;

    Server(Socket socket, Method method) {
      this.socket = socket;
      this.method = method;
    }

    String serve() throws IOException {
      Offer offer = Offer.next(RANDOM);
      write(greeting(offer));
      ByteBuffer response = ByteBuffer.wrap(read()).order(ByteOrder.LITTLE_ENDIAN);
      int capabilities = response.getInt();
      response.position(32);
      String user = text(response);
      byte[] auth = new byte[response.get() & 0xff];
      response.get(auth);
      if ((capabilities & CONNECT_WITH_DB) != 0) {
        text(response);
      }
      String plugin = text(response);
      said.append(plugin);
      ClientAuthentication authentication = method.of(user, offer);
      AuthStep step = authentication.begin(plugin, auth);
      while (true) {
        switch (step) {
          case AuthStep.Switch(AuthMethod to, byte[] data) -> {
            said.append(", switch ").append(to.plugin());
            write(Wire.switchTo(to.plugin(), data));
            step = authentication.onResponse(read());
          }
          case AuthStep.More(byte[] data) -> {
            said.append(data.length == 1 ? ", more " + data[0] : ", key");
            write(Wire.more(data));
            step = authentication.onResponse(read());
          }
          case AuthStep.Check(PasswordCheck check) -> {
            said.append(", check");
            step = authentication.onChecked(check.run());
          }
          case AuthStep.Granted granted -> {
            byte[] more = granted.more();
            if (more != null) {
              said.append(", more ").append(more[0]);
              write(Wire.more(more));
            }
            write(Wire.OK);
            assertEquals(3, read()[0]);
            write(Wire.err(1105, "HY000", "no more than a login"));
            return said.append(", ok").toString();
          }
          case AuthStep.Refused(AuthRefusal reason, String text, String detail) -> {
            assertTrue(detail.length() > 0);
            write(Wire.err(reason.errno(), reason.sqlState(), text));
            return said.append(", ").append(reason.errno()).toString();
          }
        }
      }
    }

    private static byte[] greeting(Offer offer) {
      byte[] nonce = offer.nonce().terminated();
      ByteBuffer middle = ByteBuffer.allocate(19).order(ByteOrder.LITTLE_ENDIAN);
      middle.put((byte) 0).putShort((short) CAPABILITIES).put((byte) 45).putShort((short) 2);
      middle.putShort((short) (CAPABILITIES >> 16)).put((byte) nonce.length);
      return join(
          new byte[] {10},
          ascii("9.7.0-pooler\0"),
          new byte[] {7, 0, 0, 0},
          ByteBuffer.allocate(8).put(nonce, 0, 8).array(),
          middle.array(),
          ByteBuffer.allocate(13).put(nonce, 8, 13).array(),
          ascii(offer.method().plugin() + "\0"));
    }

    private void write(byte[] payload) throws IOException {
      byte[] head = {
        (byte) payload.length,
        (byte) (payload.length >> 8),
        (byte) (payload.length >> 16),
        (byte) sequence++
      };
      socket.getOutputStream().write(join(head, payload));
    }

    private byte[] read() throws IOException {
      byte[] head = socket.getInputStream().readNBytes(4);
      if (head.length < 4) {
        throw new EOFException("the driver has gone: " + said);
      }
      sequence = (head[3] & 0xff) + 1;
      return socket
          .getInputStream()
          .readNBytes((head[0] & 0xff) | ((head[1] & 0xff) << 8) | ((head[2] & 0xff) << 16));
    }

    private static String text(ByteBuffer from) {
      StringBuilder text = new StringBuilder();
      for (byte one = from.get(); one != 0; one = from.get()) {
        text.append((char) (one & 0xff));
      }
      return text.toString();
    }
  }
}
