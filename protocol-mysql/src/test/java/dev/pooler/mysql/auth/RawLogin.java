package dev.pooler.mysql.auth;

import static dev.pooler.mysql.auth.Wire.ascii;
import static dev.pooler.mysql.auth.Wire.join;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** A connection to a real server that writes what BackendAuthentication says, and no more. */
final class RawLogin implements AutoCloseable {
  /** LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH. */
  private static final int CAPABILITIES = 0x1 | 0x200 | 0x2000 | 0x8000 | 0x80000;

  private static final byte UTF8MB4 = 45;

  private final SocketChannel channel;
  private final DataInputStream in;
  private final OutputStream out;
  private final String plugin;
  private final byte[] nonce;
  private int sequence;

  /** Connects and reads the greeting. */
  RawLogin(SocketChannel connected) throws IOException {
    this.channel = connected;
    this.in = new DataInputStream(Channels.newInputStream(connected));
    this.out = Channels.newOutputStream(connected);
    ByteBuffer greeting = ByteBuffer.wrap(read()).order(ByteOrder.LITTLE_ENDIAN);
    if (greeting.get() != 10) {
      throw new IOException("no greeting");
    }
    text(greeting);
    greeting.getInt();
    byte[] first = new byte[8];
    greeting.get(first);
    greeting.position(greeting.position() + 1 + 2 + 1 + 2 + 2);
    int length = greeting.get() & 0xff;
    greeting.position(greeting.position() + 10);
    byte[] second = new byte[Math.max(13, length - 8)];
    greeting.get(second);
    this.nonce = join(first, second);
    this.plugin = text(greeting);
  }

  /** HandshakeResponse41 and what follows, to the last step. */
  BackendStep logIn(String user, BackendAuthentication login) throws IOException {
    BackendStep step = login.begin(plugin, nonce);
    if (step instanceof BackendStep.Hello(AuthMethod method, byte[] response)) {
      ByteBuffer head = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
      head.putInt(CAPABILITIES).putInt(1 << 24).put(UTF8MB4);
      write(
          join(
              head.array(),
              ascii(user + "\0"),
              new byte[] {(byte) response.length},
              response,
              ascii(method.plugin() + "\0")));
      return answer(login, login.onPacket(read()));
    }
    return step;
  }

  BackendStep changeUser(String user, BackendAuthentication login) throws IOException {
    BackendStep step = login.begin(plugin, nonce);
    if (step instanceof BackendStep.Hello(AuthMethod method, byte[] response)) {
      sequence = 0;
      write(
          join(
              new byte[] {0x11},
              ascii(user + "\0"),
              new byte[] {(byte) response.length},
              response,
              new byte[] {0, UTF8MB4, 0},
              ascii(method.plugin() + "\0")));
      return answer(login, login.onPacket(read()));
    }
    return step;
  }

  private BackendStep answer(BackendAuthentication login, BackendStep first) throws IOException {
    BackendStep step = first;
    while (true) {
      switch (step) {
        case BackendStep.Respond(byte[] payload) -> {
          write(payload);
          step = login.onPacket(read());
        }
        case BackendStep.Derive(Derivation derivation) ->
            step = login.onDerived(derivation.derive());
        case BackendStep.Wait _ -> step = login.onPacket(read());
        case BackendStep.Hello _,
            BackendStep.Done _,
            BackendStep.Refused _,
            BackendStep.Failed _ -> {
          return step;
        }
      }
    }
  }

  /** The server's word to a farewell. */
  byte[] part(byte[] farewell) throws IOException {
    write(farewell);
    return read();
  }

  /** The one value of the one row of a result. */
  String ask(String sql) throws IOException {
    sequence = 0;
    write(join(new byte[] {3}, ascii(sql)));
    read();
    byte[] packet = read();
    while (packet[0] != (byte) 0xfe) {
      packet = read();
    }
    byte[] row = read();
    read();
    return new String(row, 1, row.length - 1, StandardCharsets.UTF_8);
  }

  private void write(byte[] payload) throws IOException {
    byte[] head = {
      (byte) payload.length,
      (byte) (payload.length >> 8),
      (byte) (payload.length >> 16),
      (byte) sequence++
    };
    out.write(join(head, payload));
  }

  private byte[] read() throws IOException {
    return readPacket(in);
  }

  private byte[] readPacket(InputStream from) throws IOException {
    byte[] head = from.readNBytes(4);
    if (head.length < 4) {
      throw new EOFException("the server closed the connection");
    }
    sequence = (head[3] & 0xff) + 1;
    return from.readNBytes((head[0] & 0xff) | ((head[1] & 0xff) << 8) | ((head[2] & 0xff) << 16));
  }

  private static String text(ByteBuffer from) {
    StringBuilder text = new StringBuilder();
    for (byte one = from.get(); one != 0; one = from.get()) {
      text.append((char) (one & 0xff));
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
