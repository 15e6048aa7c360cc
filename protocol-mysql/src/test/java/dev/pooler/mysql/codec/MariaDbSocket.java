package dev.pooler.mysql.codec;

import dev.pooler.mysql.packet.Capabilities;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A client on a real server's socket that does nothing but what it is told. */
final class MariaDbSocket implements AutoCloseable {
  static final long CAPABILITIES =
      Capabilities.FOUND_ROWS
          | Capabilities.LONG_FLAG
          | Capabilities.PROTOCOL_41
          | Capabilities.TRANSACTIONS
          | Capabilities.SECURE_CONNECTION
          | Capabilities.MULTI_RESULTS
          | Capabilities.PS_MULTI_RESULTS
          | Capabilities.PLUGIN_AUTH
          | Capabilities.PLUGIN_AUTH_LENENC_CLIENT_DATA
          | Capabilities.CONNECT_ATTRS
          | Capabilities.SESSION_TRACK
          | Capabilities.DEPRECATE_EOF;

  private final SocketChannel channel;
  private final DataInputStream in;
  private int sequenceId;
  long capabilities = CAPABILITIES;

  MariaDbSocket(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    in = new DataInputStream(Channels.newInputStream(channel));
  }

  /** The payload of the next packet. */
  ByteBuf read() throws IOException {
    byte[] header = in.readNBytes(PacketFormat.HEADER);
    if (header.length < PacketFormat.HEADER) {
      throw new IOException("the server closed");
    }
    ByteBuf packet = Unpooled.wrappedBuffer(header);
    sequenceId = PacketFormat.PACKET.type(packet, 0);
    int payload = PacketFormat.payload(PacketFormat.PACKET.length(packet, 0));
    return Unpooled.wrappedBuffer(in.readNBytes(payload));
  }

  /** Goes on with the exchange. */
  void answer(Consumer<ByteBuf> payload) throws IOException {
    send(sequenceId + 1, payload);
  }

  /** Begins another exchange. */
  void command(Consumer<ByteBuf> payload) throws IOException {
    send(0, payload);
  }

  private void send(int id, Consumer<ByteBuf> payload) throws IOException {
    ByteBuf out = Unpooled.buffer();
    int start = PacketWriter.begin(out, id);
    payload.accept(out);
    PacketWriter.end(out, start);
    ByteBuffer bytes = out.nioBuffer();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  Greeting greeting() throws IOException {
    ByteBuf payload = read();
    return Greeting.decode(payload, 0, payload.writerIndex());
  }

  /** Logs in, and answers a switch to mysql_native_password. */
  ByteBuf login(String user, String password, int collation) throws IOException {
    Greeting greeting = greeting();
    capabilities &= greeting.capabilities();
    LoginRequest request =
        new LoginRequest(
            capabilities,
            1 << 24,
            collation,
            user,
            password(password, greeting.scramble()),
            null,
            "mysql_native_password",
            ConnectAttributes.of(Map.of("program_name", "PacketsTest")),
            0);
    answer(request::encode);
    return afterLogin(password);
  }

  ByteBuf afterLogin(String password) throws IOException {
    ByteBuf payload = read();
    if (payload.getUnsignedByte(0) == PayloadHeader.AUTH_SWITCH) {
      AuthSwitchRequest request = AuthSwitchRequest.decode(payload, 0, payload.writerIndex());
      answer(out -> out.writeBytes(password(password, request.scramble()).bytes()));
      payload = read();
    }
    return payload;
  }

  OkPacket ok(ByteBuf payload) {
    if (payload.getUnsignedByte(0) == PayloadHeader.ERR) {
      throw new AssertionError(ErrPacket.decode(payload, 0, payload.writerIndex()).toString());
    }
    return new OkPacket().read(payload, 0, payload.writerIndex(), capabilities);
  }

  OkPacket query(String text) throws IOException {
    command(out -> Commands.query(out, text, capabilities));
    return ok(read());
  }

  /** A result of text: the columns of each row. */
  List<List<String>> rows(String text) throws IOException {
    command(out -> Commands.query(out, text, capabilities));
    ByteBuf first = read();
    if (first.getUnsignedByte(0) == PayloadHeader.ERR) {
      throw new AssertionError(ErrPacket.decode(first, 0, first.writerIndex()).toString());
    }
    int columns = first.getUnsignedByte(0);
    for (int i = 0; i < columns; i++) {
      read();
    }
    List<List<String>> rows = new ArrayList<>();
    while (true) {
      ByteBuf payload = read();
      if (OkPacket.endsResult(
          payload.getUnsignedByte(0), PacketFormat.HEADER + payload.readableBytes())) {
        ok(payload);
        return rows;
      }
      PacketReader reader = new PacketReader("a row", payload, 0, payload.writerIndex());
      List<String> row = new ArrayList<>();
      while (reader.remaining() > 0) {
        int length = reader.lengthOrNull("a column");
        row.add(
            length < 0
                ? "NULL"
                : new String(reader.bytes(length, "a column"), StandardCharsets.UTF_8));
      }
      rows.add(row);
    }
  }

  /** mysql_native_password: SHA1(password) XOR SHA1(scramble, SHA1(SHA1(password))). */
  static AuthData password(String password, AuthData scramble) {
    if (password.isEmpty()) {
      return AuthData.NONE;
    }
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      byte[] once = sha1.digest(password.getBytes(StandardCharsets.UTF_8));
      byte[] twice = sha1.digest(once);
      sha1.update(scramble.bytes());
      byte[] answer = sha1.digest(twice);
      for (int i = 0; i < answer.length; i++) {
        answer[i] ^= once[i];
      }
      return AuthData.of(answer);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
