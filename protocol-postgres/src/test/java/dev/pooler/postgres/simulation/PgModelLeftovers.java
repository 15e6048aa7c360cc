package dev.pooler.postgres.simulation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a {@link PgModel} session has beside its settings: channels it listens to, temporary tables,
 * advisory locks; and what of it waits for the commit or rolls back.
 */
final class PgModelLeftovers {
  /** A NOTIFY that has been committed. */
  record Notification(String channel, String payload) {}

  private record Point(int pending, int said, NavigableSet<String> tables) {}

  /** Channels with the client whose statement asked for them. */
  private final NavigableMap<String, String> channels = new TreeMap<>();

  private NavigableSet<String> tables = new TreeSet<>();
  private NavigableSet<String> savedTables = new TreeSet<>();
  private final NavigableMap<Integer, Integer> locks = new TreeMap<>();

  /** LISTEN and UNLISTEN take effect with the commit, in their order. */
  private final List<Runnable> pending = new ArrayList<>();

  private final List<Notification> said = new ArrayList<>();
  private final ArrayDeque<Notification> announced = new ArrayDeque<>();
  private final List<Point> points = new ArrayList<>();

  void listen(String channel, String client) {
    pending.add(() -> channels.put(channel, client));
  }

  void unlisten(String channel) {
    pending.add(channel.equals("*") ? channels::clear : () -> channels.remove(channel));
  }

  boolean listens(String channel) {
    return channels.containsKey(channel);
  }

  NavigableSet<String> channels() {
    return new TreeSet<>(channels.keySet());
  }

  void notify(String channel, String payload) {
    said.add(new Notification(channel, payload));
  }

  /** The next that was committed, or null. */
  Notification takeAnnounced() {
    return announced.pollFirst();
  }

  /** False if it is there. */
  boolean create(String table) {
    return tables.add(table);
  }

  /** False if it is not there. */
  boolean drop(String table) {
    return tables.remove(table);
  }

  boolean hasTables() {
    return !tables.isEmpty();
  }

  /** As the server: neither a rollback nor an error takes it away. */
  void lock(int key) {
    locks.merge(key, 1, Integer::sum);
  }

  /** Whether it was held. */
  boolean unlock(int key) {
    Integer count = locks.remove(key);
    if (count != null && count > 1) {
      locks.put(key, count - 1);
    }
    return count != null;
  }

  void unlockAll() {
    locks.clear();
  }

  boolean hasLocks() {
    return !locks.isEmpty();
  }

  void save() {
    savedTables = new TreeSet<>(tables);
  }

  void commit() {
    pending.forEach(Runnable::run);
    announced.addAll(said);
    forget();
  }

  void rollBack() {
    tables = savedTables;
    forget();
  }

  private void forget() {
    pending.clear();
    said.clear();
    points.clear();
    savedTables = new TreeSet<>(tables);
  }

  void mark() {
    points.add(new Point(pending.size(), said.size(), new TreeSet<>(tables)));
  }

  /** To the savepoint of this number, which stays. */
  void rollBackTo(int number) {
    Point point = points.get(number);
    pending.subList(point.pending, pending.size()).clear();
    said.subList(point.said, said.size()).clear();
    tables = new TreeSet<>(point.tables);
    points.subList(number + 1, points.size()).clear();
  }

  void release(int number) {
    points.subList(number, points.size()).clear();
  }

  /** DISCARD ALL. */
  void discard() {
    channels.clear();
    tables.clear();
    locks.clear();
    forget();
  }

  /** What another session than {@code client} would find here, or an empty string. */
  String foreignTo(String client) {
    for (Map.Entry<String, String> channel : channels.entrySet()) {
      if (!channel.getValue().equals(client)) {
        return "LISTEN of " + channel.getValue();
      }
    }
    for (String table : tables) {
      if (!Tag.client(table).equals(client)) {
        return "a temporary table of " + Tag.client(table);
      }
    }
    for (int key : locks.keySet()) {
      if (!client.equals("c" + key / 1000)) {
        return "an advisory lock of c" + key / 1000;
      }
    }
    return "";
  }
}
