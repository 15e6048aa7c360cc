package dev.pooler.postgres.message;

import dev.pooler.core.config.Replication;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The name and value pairs of a StartupMessage; a name that comes twice has its last value. */
final class StartupParameters {
  private static final String PROTOCOL_OPTION = "_pq_.";

  /** NAMEDATALEN - 1, in bytes: a longer name is cut, as the server cuts it (CVE-2012-4575). */
  private static final int LONGEST_NAME = 63;

  private final Map<String, String> settings = new LinkedHashMap<>();
  private final List<String> protocolOptions = new ArrayList<>();
  private String user = "";
  private String database = "";
  private String options = "";
  private Replication replication = Replication.NONE;

  private StartupParameters() {}

  /**
   * Reads the pairs behind the version.
   *
   * @param body the packet without its length word, at least the version long
   */
  static StartupParameters parse(byte[] body) throws MalformedStartup {
    StartupParameters parameters = new StartupParameters();
    int offset = Integer.BYTES;
    while (offset < body.length && body[offset] != 0) {
      int nameEnd = end(body, offset);
      int valueEnd = end(body, nameEnd + 1);
      parameters.put(text(body, offset, nameEnd), text(body, nameEnd + 1, valueEnd));
      offset = valueEnd + 1;
    }
    if (offset != body.length - 1) {
      throw badLayout();
    }
    return parameters;
  }

  StartupPacket.Startup startup(int minorVersion) throws MalformedStartup {
    if (user.isEmpty()) {
      throw new MalformedStartup("28000", "no PostgreSQL user name specified in startup packet");
    }
    Map<String, String> all = new LinkedHashMap<>();
    StartupOptions.parse(options).forEach((name, value) -> putLast(all, name, value));
    settings.forEach((name, value) -> putLast(all, name, value));
    return new StartupPacket.Startup(
        minorVersion,
        cut(user),
        cut(database.isEmpty() ? user : database),
        replication,
        Collections.unmodifiableMap(all),
        List.copyOf(protocolOptions));
  }

  /** Cut between two characters: the server cuts between two bytes, which nothing is named by. */
  private static String cut(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= LONGEST_NAME) {
      return name;
    }
    int end = LONGEST_NAME;
    while ((bytes[end] & 0xc0) == 0x80) { // within a character
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** PostgreSQL compares these names exactly, and all others without regard to case. */
  private void put(String name, String value) throws MalformedStartup {
    switch (name) {
      case "user" -> user = value;
      case "database" -> database = value;
      case "options" -> options = value;
      case "replication" -> replication = replication(value);
      default -> putOther(name, value);
    }
  }

  private void putOther(String name, String value) {
    if (name.startsWith(PROTOCOL_OPTION)) {
      protocolOptions.add(name);
    } else {
      putLast(settings, SettingNames.canonical(name), value);
    }
  }

  /** The order is that of the last mention, as if all had been set one after the other. */
  static void putLast(Map<String, String> settings, String name, String value) {
    settings.remove(name);
    settings.put(name, value);
  }

  /**
   * "database", or what PostgreSQL's parse_bool takes: any unambiguous beginning of these words.
   */
  private static Replication replication(String value) throws MalformedStartup {
    if (value.equals("database")) {
      return Replication.LOGICAL;
    }
    String word = value.toLowerCase(Locale.ROOT);
    if (begins("true", word, 1)
        || begins("yes", word, 1)
        || begins("on", word, 2)
        || word.equals("1")) {
      return Replication.PHYSICAL;
    }
    if (begins("false", word, 1)
        || begins("no", word, 1)
        || begins("off", word, 2)
        || word.equals("0")) {
      return Replication.NONE;
    }
    throw new MalformedStartup(
        "22023", "invalid value for parameter \"replication\": \"" + value + "\"");
  }

  private static boolean begins(String whole, String word, int least) {
    return word.length() >= least && whole.startsWith(word);
  }

  private static int end(byte[] body, int from) throws MalformedStartup {
    for (int i = from; i < body.length; i++) {
      if (body[i] == 0) {
        return i;
      }
    }
    throw badLayout();
  }

  private static String text(byte[] body, int from, int to) throws MalformedStartup {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(body, from, to - from);
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedStartup("22021", "startup packet holds text that is not UTF-8");
    }
  }

  private static MalformedStartup badLayout() {
    return new MalformedStartup(
        "08P01", "invalid startup packet layout: expected terminator as last byte");
  }
}
