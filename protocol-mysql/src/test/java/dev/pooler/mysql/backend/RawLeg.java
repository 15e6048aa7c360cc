package dev.pooler.mysql.backend;

import dev.pooler.mysql.packet.Capabilities;
import dev.pooler.mysql.packet.Command;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * A plain socket to a real server, logged in as root without a password, whose answers go through
 * {@link ResponseWalk} packet by packet: where that says that an answer is over, nothing more is
 * read.
 */
final class RawLeg implements AutoCloseable {
  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private final ResponseWalk walk;

  /** The files that the server may ask for, in order; each in one packet, or none. */
  final Deque<String> files = new ArrayDeque<>();

  /** The ids of the statements that were prepared, in order. */
  final List<Integer> prepared = new ArrayList<>();

  /** All that the server has sent for the last command. */
  private byte[] answer = new byte[0];

  /** What a client would have got of it. */
  private byte[] rewritten = new byte[0];

  private int clientBytes;
  private int toldBefore;

  RawLeg(int port, long backend, long client) throws IOException {
    socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(30_000); // an answer that is longer than we think is not waited for
    in = new DataInputStream(socket.getInputStream());
    out = socket.getOutputStream();
    walk = new ResponseWalk(backend, client);
    logIn(backend);
  }

  private void logIn(long capabilities) throws IOException {
    readPacket(); // the greeting
    long sent =
        capabilities
            | Capabilities.PROTOCOL_41
            | Capabilities.SECURE_CONNECTION
            | Capabilities.PLUGIN_AUTH;
    ByteBuf login = Unpooled.buffer().writeIntLE((int) sent).writeIntLE(1 << 30);
    login.writeByte(45).writeZero(19).writeIntLE((int) (sent >>> 32));
    login.writeCharSequence("root\0\0mysql_native_password\0", StandardCharsets.US_ASCII);
    send(1, bytes(login));
    byte[] reply = readPacket();
    while (reply[4] != 0) {
      if (reply[4] == (byte) 0xff) {
        throw new IOException(new String(reply, 7, reply.length - 7, StandardCharsets.UTF_8));
      }
      send(reply[3] + 1, new byte[0]);
      reply = readPacket();
    }
  }

  ResponseWalk walk() {
    return walk;
  }

  byte[] answer() {
    return answer;
  }

  byte[] rewritten() {
    return rewritten;
  }

  /** The roles of the last answer. */
  String roles() {
    return String.join(" ", walk.told.subList(toldBefore, walk.told.size()));
  }

  RawLeg ask(int command, String text) throws IOException {
    return ask(command, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Sends a command and reads its answer. */
  RawLeg ask(int command, byte[] text) throws IOException {
    byte[] payload = new byte[text.length + 1];
    payload[0] = (byte) command;
    System.arraycopy(text, 0, payload, 1, text.length);
    toldBefore = walk.told.size();
    walk.rewriter.begin(command, 1);
    send(0, payload);
    var all = new ByteArrayOutputStream();
    while (!walk.response.over()) {
      byte[] packet = readPacket();
      all.writeBytes(packet);
      walk.walk(packet);
      if (walk.response.awaitsFile()) {
        sendFile(packet[3]);
      }
      if (walk.response.command() == Command.CHANGE_USER && packet[4] == (byte) 0xfe) {
        walk.response.clientPacket(0, packet[3] + 1);
        send(packet[3] + 1, new byte[0]);
      }
    }
    if (command == Command.STMT_PREPARE && !walk.response.failed()) {
      prepared.add(walk.response.statement());
    }
    answer = all.toByteArray();
    byte[] client = walk.client();
    rewritten = Arrays.copyOfRange(client, clientBytes, client.length);
    clientBytes = client.length;
    return this;
  }

  private void sendFile(int sequence) throws IOException {
    String file = files.remove();
    int next = sequence + 1;
    if (!file.isEmpty()) {
      walk.response.clientPacket(file.length(), next);
      send(next++, file.getBytes(StandardCharsets.US_ASCII));
    }
    walk.response.clientPacket(0, next);
    send(next, new byte[0]);
  }

  private void send(int sequence, byte[] payload) throws IOException {
    ByteBuf packet = Unpooled.buffer().writeMediumLE(payload.length).writeByte(sequence);
    out.write(bytes(packet.writeBytes(payload)));
    out.flush();
  }

  private byte[] readPacket() throws IOException {
    byte[] header = in.readNBytes(4);
    int length = (header[0] & 0xff) | (header[1] & 0xff) << 8 | (header[2] & 0xff) << 16;
    byte[] packet = new byte[4 + length];
    System.arraycopy(header, 0, packet, 0, 4);
    in.readFully(packet, 4, length);
    return packet;
  }

  private static byte[] bytes(ByteBuf buffer) {
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.readBytes(bytes);
    return bytes;
  }

  @Override
  public void close() throws IOException {
    walk.close();
    socket.close();
  }
}
