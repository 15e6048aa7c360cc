package dev.pooler.core.protocol;

import dev.pooler.core.config.ListenerConfig;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The TLS of all listeners: read at the start and with each reload, for who connects from then on.
 * Safe for all threads.
 */
public final class ListenersTls {
  private final Map<ListenerConfig, AtomicReference<ListenerTls>> open = new ConcurrentHashMap<>();
  private final @Nullable String alpn;

  /**
   * No listener yet.
   *
   * @param alpn the one protocol that clients may name (RFC 7301), or null where none has a name
   */
  public ListenersTls(@Nullable String alpn) {
    this.alpn = alpn;
  }

  /**
   * Reads the files of a listener that opens. Gives its TLS as it is when it is asked, or null
   * where it offers none.
   *
   * @throws IllegalArgumentException if one can't be used; the text says which and what to do
   */
  public Supplier<@Nullable ListenerTls> of(ListenerConfig listener) {
    ListenerTls first = ListenerTls.of(listener, alpn);
    if (first == null) {
      return () -> null;
    }
    AtomicReference<ListenerTls> latest = new AtomicReference<>(first);
    open.put(listener, latest);
    return latest::get;
  }

  /**
   * Reads the files of the open listeners again, and changes nothing before the result is run. One
   * that the configuration has changed stays as it was opened: its files may have gone.
   *
   * @throws IllegalArgumentException as {@link #of}
   */
  public Runnable read(Collection<ListenerConfig> now) {
    Map<AtomicReference<ListenerTls>, ListenerTls> read = new HashMap<>();
    open.forEach((listener, latest) -> {
      ListenerTls fresh = now.contains(listener) ? ListenerTls.of(listener, alpn) : null;
      if (fresh != null) {
        read.put(latest, fresh);
      }
    });
    return () -> read.forEach(AtomicReference::set);
  }
}
