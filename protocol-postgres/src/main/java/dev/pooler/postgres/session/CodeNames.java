package dev.pooler.postgres.session;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The custom settings that code of a database sets, as a census has told them.
 *
 * @param told their names
 * @param hiding functions, by name in lower case, that set some in a way that their source does not
 *     tell, or leave what no question covers, and who calls them
 * @param unseen such code may run where no text names one of those
 * @param asOf the oldest transaction that was not over then: what it and later ones have defined is
 *     to be read; null where nothing is known
 */
public record CodeNames(
    Set<String> told, Set<String> hiding, boolean unseen, @Nullable String asOf) {
  /** All code is to be read. */
  public static final CodeNames UNKNOWN = new CodeNames(Set.of(), Set.of(), true, null);

  /** A question says them all, and has a length: beyond so many it reads the code. */
  static final int MOST = 200;

  /** One that is longer counts as too many. */
  static final int LONGEST = 128;

  public CodeNames {
    told = Set.copyOf(told);
    hiding = Set.copyOf(hiding);
  }

  /** Whether some code is known to set names that nobody can tell. */
  public boolean hides() {
    return asOf != null && (unseen || !hiding.isEmpty());
  }

  /** The same, for who has not run such code. */
  public CodeNames withoutHiding() {
    return hides() ? new CodeNames(told, Set.of(), false, asOf) : this;
  }

  /** The rows of a census, one by one. */
  static final class Told {
    private final Set<String> names = new HashSet<>();
    private final Set<String> hiding = new HashSet<>();
    private boolean unseen;
    private @Nullable String asOf;

    void row(String kind, String name) {
      switch (kind) {
        case "as of" -> asOf = name;
        case "hides" -> hiding.add(name);
        case "unseen" -> unseen = true;
        default -> names.add(name);
      }
    }

    /** Unknown where there are too many. */
    CodeNames all() {
      boolean many = names.size() > MOST || names.contains("");
      boolean anywhere = unseen || hiding.size() > MOST;
      return many ? UNKNOWN : new CodeNames(names, hiding, anywhere, asOf);
    }
  }
}
