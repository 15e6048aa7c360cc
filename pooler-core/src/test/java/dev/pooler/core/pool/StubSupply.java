package dev.pooler.core.pool;

import dev.pooler.core.session.SqlFailure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A supply without HikariCP: bounded as HikariCP is (who asks beyond the size is answered when a
 * backend comes back), answering when the test says so. Confined to the test's thread.
 */
final class StubSupply implements BackendSupply {
  private int size;
  private final ArrayDeque<LoopLeases> asking = new ArrayDeque<>();
  private final ArrayDeque<StubBackend> resting = new ArrayDeque<>();
  final List<StubBackend> made = new ArrayList<>();
  final List<EvictReason> evicted = new ArrayList<>();
  private int out;
  int mostOut;
  int fetches;
  int givenBack;

  StubSupply(int size) {
    this.size = size;
  }

  @Override
  public void fetch(LoopLeases asker) {
    fetches++;
    asking.addLast(asker);
  }

  @Override
  public void giveBack(Backend backend) {
    givenBack++;
    out--;
    resting.addLast((StubBackend) backend);
  }

  @Override
  public void evict(Backend backend, EvictReason reason) {
    out--;
    evicted.add(reason);
    backend.close(reason);
  }

  @Override
  public void most(int backends) {
    size = backends;
  }

  int size() {
    return size;
  }

  int unanswered() {
    return asking.size();
  }

  int out() {
    return out;
  }

  /** Answers the loops that asked, as far as the size allows; true if one was answered. */
  boolean answer() {
    boolean any = false;
    while (out < size && !asking.isEmpty()) {
      LoopLeases asker = asking.removeFirst();
      StubBackend backend = resting.isEmpty() ? make() : resting.removeFirst();
      backend.loop = asker.loop();
      out++;
      mostOut = Math.max(mostOut, out);
      asker.loop().execute(() -> asker.supplied(backend));
      any = true;
    }
    return any;
  }

  /** Answers all that asked that there is none. */
  void refuse(@Nullable SqlFailure failure) {
    List<LoopLeases> told = List.copyOf(asking);
    asking.clear();
    told.forEach(asker -> asker.loop().execute(() -> asker.notSupplied(failure)));
  }

  private StubBackend make() {
    StubBackend backend = new StubBackend();
    made.add(backend);
    return backend;
  }
}
