package dev.pooler.server.observe;

import dev.pooler.core.pool.LeasePool;
import dev.pooler.core.pool.LoopLeases;
import dev.pooler.core.session.SqlFailure;
import dev.pooler.server.json.Json;
import dev.pooler.server.pools.Pools;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The pools as JSON, for people and scripts: {@code /pools}. */
public final class PoolsPage {
  private PoolsPage() {}

  public static String render(Collection<Pools.Entry> pools) {
    List<Object> all = new ArrayList<>();
    for (Pools.Entry entry : pools) {
      all.add(describe(entry));
    }
    return Json.pretty(all);
  }

  private static Map<String, Object> describe(Pools.Entry entry) {
    LeasePool pool = entry.pool();
    int total = entry.supply().totalBackends();
    int idle = pool.idleBackends();
    int leased = pool.heldBackends() - idle;
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("entry", pool.key().entry());
    page.put("database", pool.key().database());
    page.put("user", pool.key().user());
    page.put("replication", pool.key().replication().word());
    page.put("mode", pool.limits().mode().word());
    page.put("size", pool.limits().size());
    page.put("backends", total);
    page.put("leased", leased);
    page.put("idle", Math.max(0, total - leased));
    page.put("waiting", pool.shares().stream().mapToInt(LoopLeases::waiting).sum());
    page.put("transactions", pool.counters().transactions());
    SqlFailure trouble = pool.trouble();
    page.put("trouble", trouble == null ? "" : trouble.message());
    return page;
  }
}
