package dev.pooler.server.postgres;

import com.ongres.scram.client.ScramClient;
import dev.pooler.testkit.server.ServerCertificates;
import dev.pooler.testkit.wire.PgBytes;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A client over TLS that sends any bytes. Messages are read as text: the type, then the body. */
final class TlsPgClient implements AutoCloseable {
  private final SSLSocket socket;
  private final DataInputStream in;

  private TlsPgClient(SSLSocket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
  }

  /** Asks for TLS first, as clients do by default. */
  static TlsPgClient negotiated(SocketAddress address, KeyManager... keys) throws IOException {
    Socket plain = open(address);
    plain.getOutputStream().write(PgBytes.sslRequest());
    if (plain.getInputStream().read() != 'S') {
      throw new IOException("no TLS");
    }
    return begin(plain, new String[0], keys);
  }

  /** Begins with TLS, naming these protocols. */
  static TlsPgClient direct(SocketAddress address, String... protocols) throws IOException {
    return begin(open(address), protocols);
  }

  private static Socket open(SocketAddress address) throws IOException {
    Socket plain = new Socket();
    plain.connect((InetSocketAddress) address);
    plain.setSoTimeout(10_000);
    return plain;
  }

  private static TlsPgClient begin(Socket plain, String[] protocols, KeyManager... keys)
      throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys, trusted().getTrustManagers(), null);
      SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", 0, true);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(protocols);
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return new TlsPgClient(socket);
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  private static TrustManagerFactory trusted() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream file = Files.newInputStream(ServerCertificates.cached().caFile())) {
      store.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory;
  }

  String protocol() {
    return socket.getApplicationProtocol();
  }

  /** What the other side has shown. */
  Certificate certificate() throws IOException {
    return socket.getSession().getPeerCertificates()[0];
  }

  TlsPgClient send(byte[]... parts) throws IOException {
    socket.getOutputStream().write(PgBytes.joined(parts));
    return this;
  }

  TlsPgClient startup(String user, String database) throws IOException {
    return send(PgBytes.startup(PgBytes.VERSION_3_0, Map.of("user", user, "database", database)));
  }

  /** The next message; "" at the end. */
  String read() throws IOException {
    int type = in.read();
    if (type < 0) {
      return "";
    }
    try {
      byte[] body = in.readNBytes(in.readInt() - 4);
      return (char) type + new String(body, StandardCharsets.ISO_8859_1);
    } catch (EOFException e) {
      return "";
    }
  }

  /** An Authentication message's data. */
  String request(int code) throws IOException {
    String message = read();
    byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length < 5 || bytes[0] != 'R' || bytes[4] != code) {
      throw new IOException("not request " + code + ": " + message);
    }
    return new String(Arrays.copyOfRange(bytes, 5, bytes.length), StandardCharsets.ISO_8859_1);
  }

  /** The exchange with this library as far as it gets: what answers the proof. */
  String scram(ScramClient client) throws Exception {
    request(10);
    send(
        PgBytes.saslInitial(
            client.getScramMechanism().getName(), client.clientFirstMessage().toString()));
    String challenge = read();
    if (!challenge.startsWith("R")) {
      return challenge;
    }
    client.serverFirstMessage(challenge.substring(5));
    send(
        PgBytes.message(
            'p', client.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8)));
    return read();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
