package dev.pooler.testkit.wire;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A client that sends any bytes and sees every answer, over a Unix socket or TCP. Each read and
 * write ends with SocketTimeoutException after the time-out (10 s unless told otherwise). One
 * thread; the caller closes it.
 */
public final class RawPgClient implements AutoCloseable {
  private static final int LARGEST = 64 << 20;

  private final SocketChannel channel;
  private final Selector selector;
  private ByteBuffer in = ByteBuffer.allocate(16 * 1024).flip();
  private Duration timeout = Duration.ofSeconds(10);

  private RawPgClient(SocketChannel channel, Selector selector) throws IOException {
    this.channel = channel;
    this.selector = selector;
    channel.configureBlocking(false);
    channel.register(selector, 0);
  }

  /** Connects and sends nothing. {@code address}: java.net's UnixDomainSocketAddress or inet. */
  public static RawPgClient connect(SocketAddress address) throws IOException {
    return new RawPgClient(SocketChannel.open(address), Selector.open());
  }

  /** Connects and logs in without a password, protocol 3.0; see {@link #login}. */
  public static RawPgClient session(SocketAddress address, String user, String database)
      throws IOException {
    RawPgClient client = connect(address);
    try {
      client.login(Map.of("user", user, "database", database));
      return client;
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  public RawPgClient timeout(Duration longest) {
    timeout = longest;
    return this;
  }

  public RawPgClient send(byte[]... parts) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(PgBytes.joined(parts));
    long end = System.nanoTime() + timeout.toNanos();
    while (out.hasRemaining()) {
      if (channel.write(out) == 0) {
        await(SelectionKey.OP_WRITE, end);
      }
    }
    return this;
  }

  /** Each byte with a write of its own. */
  public RawPgClient sendByteByByte(byte[] bytes) throws IOException {
    for (byte b : bytes) {
      send(new byte[] {b});
    }
    return this;
  }

  /** As much of {@code bytes} as the other side takes at once, without waiting. */
  public int trySend(ByteBuffer bytes) throws IOException {
    return channel.write(bytes);
  }

  /** Ends our direction and keeps reading. */
  public void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  /** One byte without a frame: the answer to an encryption request. */
  public char readByte() throws IOException {
    fill(1);
    return (char) (in.get() & 0xff);
  }

  /**
   * The next message.
   *
   * @throws EOFException if the other side has closed
   */
  public PgMessage read() throws IOException {
    fill(5);
    char type = (char) (in.get() & 0xff);
    int length = in.getInt();
    if (length < 4 || length > LARGEST) {
      throw new IOException("message '" + type + "' with length " + length);
    }
    byte[] body = new byte[length - 4];
    fill(body.length);
    in.get(body);
    return new PgMessage(type, body);
  }

  /** Messages up to and with the first of this type. */
  public List<PgMessage> readUntil(char type) throws IOException {
    List<PgMessage> all = new ArrayList<>();
    do {
      all.add(read());
    } while (all.getLast().type() != type);
    return all;
  }

  /** All that comes until the other side closes. */
  public List<PgMessage> readToEnd() throws IOException {
    List<PgMessage> all = new ArrayList<>();
    while (!atEnd()) {
      all.add(read());
    }
    return all;
  }

  /** Waits until there is a byte to read (false) or the other side has closed (true). */
  public boolean atEnd() throws IOException {
    try {
      fill(1);
      return false;
    } catch (EOFException e) {
      return true;
    } catch (IOException e) {
      if (e instanceof SocketTimeoutException) {
        throw e;
      }
      return true; // Reset: it closed with bytes of ours unread.
    }
  }

  /** Whether nothing comes for this long. */
  public boolean quietFor(Duration time) throws IOException {
    Duration before = timeout;
    timeout = time;
    try {
      fill(1);
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    } finally {
      timeout = before;
    }
  }

  /**
   * Sends a start-up packet of version 3.0 and reads to the first ReadyForQuery.
   *
   * @throws IOException with the server's words if it refuses or wants a password
   */
  public List<PgMessage> login(Map<String, String> parameters) throws IOException {
    return login(PgBytes.VERSION_3_0, parameters);
  }

  public List<PgMessage> login(int version, Map<String, String> parameters) throws IOException {
    send(PgBytes.startup(version, parameters));
    return readLogin();
  }

  /** The rest of a login that needs no more from us, ReadyForQuery included. */
  public List<PgMessage> readLogin() throws IOException {
    List<PgMessage> all = new ArrayList<>();
    while (all.isEmpty() || all.getLast().type() != 'Z') {
      PgMessage message = read();
      if (message.isError() || (message.type() == 'R' && !done(message.firstInt()))) {
        throw new IOException("login: " + message);
      }
      all.add(message);
    }
    return all;
  }

  /** AuthenticationOk and AuthenticationSASLFinal ask for nothing. */
  private static boolean done(int code) {
    return code == 0 || code == 12;
  }

  /** Sends a Query and reads to ReadyForQuery. */
  public List<PgMessage> query(String sql) throws IOException {
    return send(PgBytes.query(sql)).readUntil('Z');
  }

  /**
   * The first column of the first row, or null.
   *
   * @throws IOException with the server's words for an error
   */
  public @Nullable String value(String sql) throws IOException {
    List<PgMessage> answer = query(sql);
    for (PgMessage message : answer) {
      if (message.isError()) {
        throw new IOException(message.toString());
      }
    }
    return rows(answer).findFirst().map(List::getFirst).orElse(null);
  }

  /** The rows among messages. */
  public static Stream<List<@Nullable String>> rows(List<PgMessage> messages) {
    return messages.stream().filter(message -> message.type() == 'D').map(PgMessage::row);
  }

  /** The types of messages in order, as one word: {@code TDCZ}. */
  public static String types(List<PgMessage> messages) {
    StringBuilder word = new StringBuilder();
    messages.forEach(message -> word.append(message.type()));
    return word.toString();
  }

  /** The last value of each ParameterStatus among messages. */
  public static Map<String, String> parameters(List<PgMessage> messages) {
    Map<String, String> all = new LinkedHashMap<>();
    for (PgMessage message : messages) {
      if (message.type() == 'S') {
        all.put(message.strings().getFirst(), message.strings().getLast());
      }
    }
    return all;
  }

  /** What has arrived and was not read, as text: for the message of a failed assertion. */
  public String unread() {
    return new String(
        Arrays.copyOfRange(in.array(), in.position(), in.limit()), StandardCharsets.ISO_8859_1);
  }

  private void fill(int bytes) throws IOException {
    if (in.remaining() >= bytes) {
      return;
    }
    makeRoom(bytes);
    long end = System.nanoTime() + timeout.toNanos();
    in.compact();
    try {
      while (in.position() < bytes) {
        int read = channel.read(in);
        if (read < 0) {
          throw new EOFException("closed by the other side");
        }
        if (read == 0) {
          await(SelectionKey.OP_READ, end);
        }
      }
    } finally {
      in.flip();
    }
  }

  private void makeRoom(int bytes) {
    if (in.capacity() < bytes) {
      in = ByteBuffer.allocate(Math.max(bytes, 2 * in.capacity())).put(in).flip();
    }
  }

  private void await(int operation, long end) throws IOException {
    long millis = (end - System.nanoTime()) / 1_000_000;
    if (millis <= 0) {
      throw new SocketTimeoutException("nothing for " + timeout);
    }
    channel.keyFor(selector).interestOps(operation);
    selector.select(millis);
    selector.selectedKeys().clear();
  }

  @Override
  public void close() throws IOException {
    channel.close();
    selector.close();
  }
}
