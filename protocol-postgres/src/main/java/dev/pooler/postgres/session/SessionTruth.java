package dev.pooler.postgres.session;

import dev.pooler.core.statement.Footprint;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server's answer to a {@link SessionQuestion}.
 *
 * @param settings every setting that has a value of the session, with that value
 * @param role the role that was SET, or null
 * @param sessionUser the user of SET SESSION AUTHORIZATION, or null where it is the backend's own
 * @param found packed {@link Footprint}s that are there
 * @param hidden code of this database may have set custom settings of any name
 * @param code what the census has found, if it was asked
 * @param channels what is listened to
 * @param prepared names of the prepared statements that no SQL text has made
 * @param preparedByText names of those that SQL text has made, for people
 */
public record SessionTruth(
    Map<String, String> settings,
    @Nullable String role,
    @Nullable String sessionUser,
    int found,
    boolean hidden,
    CodeFindings code,
    Set<String> channels,
    Set<String> prepared,
    List<String> preparedByText) {

  /**
   * Reads the rows: kind, name, value.
   *
   * @param login the user that the backend logged in as
   */
  public static SessionTruth of(List<@Nullable String[]> rows, String login) {
    Map<String, String> settings = new HashMap<>();
    String role = null;
    String sessionUser = null;
    int found = 0;
    boolean hidden = false;
    CodeFindings code = CodeFindings.NONE;
    Set<String> channels = new HashSet<>();
    Set<String> prepared = new HashSet<>();
    List<String> byText = new ArrayList<>();
    CodeNames.Told names = new CodeNames.Told();
    for (@Nullable String[] row : rows) {
      String kind = row[0];
      String name = row[1];
      String value = row[2];
      if (kind == null || name == null || value == null) {
        continue; // a custom setting that was never set
      }
      switch (kind) {
        case "setting" -> settings.put(name, value);
        case "role" -> role = value.equals("none") ? null : value;
        case "user" -> sessionUser = name.equals(login) ? null : name;
        case "census", "reads", "notifies", "temporary path", "currval in a function", "tree" ->
            code = code.and(kind, name, value);
        case "as of", "named", "hides", "unseen" -> names.row(kind, name);
        case "hidden" -> hidden = true;
        case "prepared" -> {
          found |= Footprint.PREPARED.bit();
          byText.add(name);
        }
        case "shared" -> prepared.add(name);
        case "listen" -> channels.add(name);
        case "temporary" -> found |= Footprint.TEMP_TABLE.bit();
        case "cursor" -> found |= Footprint.HOLD_CURSOR.bit();
        case "lock" -> found |= Footprint.ADVISORY_LOCK.bit();
        default -> throw new IllegalStateException("no kind of answer: " + kind);
      }
    }
    Collections.sort(byText);
    CodeFindings whole = code.with(names.all());
    return new SessionTruth(
        settings, role, sessionUser, found, hidden, whole, channels, prepared, byText);
  }

  /** Whether everything that would be said to another backend is ASCII. */
  public boolean isAscii() {
    return isAscii(role)
        && isAscii(sessionUser)
        && settings.values().stream().allMatch(SessionTruth::isAscii);
  }

  /** Settings of whose values only the beginning was told. */
  public Set<String> cut() {
    Set<String> cut = new HashSet<>();
    settings.forEach((name, value) -> {
      if (value.length() > SessionQuestion.LONGEST_VALUE) {
        cut.add(name);
      }
    });
    return cut;
  }

  private static boolean isAscii(@Nullable String text) {
    return text == null || text.chars().allMatch(c -> c < 0x80);
  }

  public boolean has(Footprint footprint) {
    return (found & footprint.bit()) != 0;
  }
}
