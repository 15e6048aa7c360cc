package dev.pooler.postgres.auth;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Where users are found that the configuration does not name. Any thread; never blocks. */
public interface UserLookup {
  /**
   * What a client that claims this name must prove, or null where nobody has it. Fails when nobody
   * can be asked, whoever it is about.
   */
  CompletionStage<@Nullable Credentials> find(String user);

  /** A proof failed against what was found: it may have changed, so it is asked for anew. */
  void doubt(String user);

  /**
   * The SCRAM iteration count that a user there is most likely to have: one that is unknown must
   * look like it. 0 where that is not known.
   */
  int iterations();
}
