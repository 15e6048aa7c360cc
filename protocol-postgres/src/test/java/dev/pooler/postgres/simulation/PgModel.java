package dev.pooler.postgres.simulation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A PostgreSQL session as far as the scripts go: the message flow of postgres.c (ignore_till_sync,
 * COPY, implicit transactions, portals), a handful of statements, settings that roll back. It
 * serves twice: as the backend behind pooler, and as the oracle of what a client would have been
 * answered by a server of its own.
 *
 * <p>It is one class because every statement may change the one transaction; what settings, what is
 * left and what functions do is in classes beside it. It does one thing a {@link #step}: a message,
 * or one statement of a query string, whose replies come as a whole.
 */
final class PgModel {
  private record Prepared(String sql, boolean byText) {}

  private static final class Portal {
    final String sql;
    final List<String> parameters;
    int row;

    Portal(String sql, List<String> parameters) {
      this.sql = sql;
      this.parameters = parameters;
    }
  }

  private record Copy(boolean extended, String tag, int failsAt) {}

  /** An ErrorResponse that is not the end. */
  private static final class SqlError extends Exception {
    private static final long serialVersionUID = 1L;
    final String state;

    SqlError(String state, String text) {
      super(text, null, false, false);
      this.state = state;
    }
  }

  /** Without the name: behind pooler it is another. */
  private static final String NO_STATEMENT = "no prepared statement of this name";

  private final ArrayDeque<Message> asked = new ArrayDeque<>();
  private final ArrayDeque<String> statements = new ArrayDeque<>();
  private final Map<String, Prepared> prepared = new HashMap<>();
  private final Map<String, Portal> portals = new HashMap<>();
  private final PgModelSettings settings;
  private List<Message> replies = new ArrayList<>();
  private char status = 'I';
  private boolean implicit;
  private boolean queryOpen;

  /** The batch has bound a statement of pooler's that sets something. */
  private boolean settingsInFront;

  /** What was asked last was to describe something. */
  private boolean described;

  private boolean ignoringTillSync;
  private boolean flushed;

  /** A message out of turn has ended the connection. */
  private boolean lost;

  private Copy copy;
  private int copied;
  private final PgModelLeftovers leftovers = new PgModelLeftovers();

  private final PgModelFunctions functions;

  /** Functions of this database may leave something: what a census finds. */
  private final boolean codeLeaves;

  /** Savepoints of the transaction, eldest first. */
  private final List<String> points = new ArrayList<>();

  private String transactionOwner = "";

  /** A transaction has been begun in which nothing has been asked yet. */
  private boolean fresh;

  PgModel(Map<String, String> startup, boolean codeLeaves) {
    this.codeLeaves = codeLeaves;
    this.settings = new PgModelSettings(startup);
    this.functions = new PgModelFunctions(settings, leftovers);
  }

  void ask(Message message) {
    if (!lost) {
      asked.addLast(message);
    }
  }

  /** What the last steps answered. */
  List<Message> takeReplies() {
    List<Message> taken = replies;
    replies = new ArrayList<>();
    return taken;
  }

  /** Whether the replies so far must be sent, whatever buffer there is. */
  boolean takeFlushed() {
    boolean was = flushed;
    flushed = false;
    return was;
  }

  /** Whether nothing follows any more. */
  boolean lost() {
    return lost;
  }

  char status() {
    return status;
  }

  /** Whether a session may still be without a backend: in no transaction, or in a fresh one. */
  boolean mayBeNowhere() {
    return status == 'I' || (status == 'T' && fresh);
  }

  boolean canStep() {
    return !statements.isEmpty() || !asked.isEmpty();
  }

  int askedBytes() {
    return asked.size();
  }

  /** Whether nothing that has been asked will be answered any more without another message. */
  boolean silentRest() {
    return statements.isEmpty() && asked.stream().allMatch(this::silent);
  }

  private boolean silent(Message message) {
    char type = message.type();
    if (ignoringTillSync) {
      return type != 'S';
    }
    return copy == null
        ? type == 'd' || type == 'c' || type == 'f' || type == 'H'
        : type == 'd' || type == 'S' || type == 'H';
  }

  /** Whether a cancel would end what is done next. */
  boolean cancellable() {
    if (lost) {
      return false;
    }
    if (!statements.isEmpty() || copy != null) {
      return true;
    }
    Message next = asked.peekFirst();
    // A query that pooler sends as a batch would fail between its RowDescription and its rows: a
    // server may do that, but what the client's own model of one does is whole.
    boolean half = described && settingsInFront && next != null && next.type() == 'E';
    return next != null && !ignoringTillSync && !half && "QPBDECF".indexOf(next.type()) >= 0;
  }

  /** The server closes without a look for interrupts (PostgresMain in postgres.c). */
  boolean interruptible() {
    Message next = asked.peekFirst();
    boolean closes = statements.isEmpty() && copy == null && next != null && next.type() == 'C';
    return cancellable() && !closes;
  }

  /** The tag of what is done next, or an empty string. */
  String nextTag() {
    if (!statements.isEmpty()) {
      return Tag.of(statements.getFirst());
    }
    Message next = asked.peekFirst();
    if (next == null || ignoringTillSync) {
      return "";
    }
    return switch (next.type()) {
      case 'Q' -> Tag.of(next.string(0));
      case 'P' -> Tag.of(next.string(next.string(0).length() + 1));
      case 'd' -> copy == null ? "" : next.string(0);
      case 'E' -> {
        Portal portal = portals.get(next.string(0));
        yield portal == null ? "" : Tag.of(portal.sql);
      }
      default -> "";
    };
  }

  /** What another session than {@code client} would find here, or an empty string. */
  String foreignTo(String client) {
    // One without an owner is pooler's own: a BEGIN that fails in the place of the client's.
    if (status != 'I' && !transactionOwner.isEmpty() && !transactionOwner.equals(client)) {
      return "an open transaction of " + transactionOwner;
    }
    if (copy != null && !Tag.client(copy.tag).equals(client)) {
      return "a COPY of " + copy.tag;
    }
    String left = leftovers.foreignTo(client);
    if (!left.isEmpty()) {
      return left;
    }
    for (Map.Entry<String, Prepared> entry : prepared.entrySet()) {
      String owner = Tag.client(Tag.of(entry.getValue().sql));
      boolean shared = entry.getKey().startsWith("_pooler_");
      if (!entry.getKey().isEmpty() && !shared && !owner.isEmpty() && !owner.equals(client)) {
        return "a prepared statement of " + owner;
      }
    }
    return settings.foreignTo(client);
  }

  PgModelLeftovers leftovers() {
    return leftovers;
  }

  /** Between transactions: the server tells notifications only here. */
  boolean between() {
    return status == 'I' && !implicit && statements.isEmpty();
  }

  /** Does the next thing, or fails it with a cancel. */
  void step(boolean cancel) {
    boolean extended = statements.isEmpty() && (copy == null || copy.extended);
    Message message = null;
    try {
      if (cancel && copy != null) {
        throw new SqlError("57014", "canceling statement due to user request");
      }
      if (!statements.isEmpty()) {
        String sql = statements.removeFirst();
        fresh = false;
        cancelled(cancel);
        runSimple(sql);
        return;
      }
      message = asked.removeFirst();
      described = message.type() == 'D';
      settingsInFront &= message.type() != 'S';
      if (ignoringTillSync && message.type() != 'S') {
        return;
      }
      extended = message.type() != 'Q' && message.type() != 'F' && extended;
      fresh &= message.type() == 'S' || message.type() == 'H';
      if (cancel
          && (message.type() == 'Q' || (message.type() == 'P' && message.string(0).isEmpty()))) {
        prepared.remove("");
      }
      cancelled(cancel);
      onMessage(message);
    } catch (SqlError e) {
      failed(e, extended);
    }
  }

  private static void cancelled(boolean cancel) throws SqlError {
    if (cancel) {
      throw new SqlError("57014", "canceling statement due to user request");
    }
  }

  private void onMessage(Message message) throws SqlError {
    if (copy != null) {
      onCopy(message);
      return;
    }
    switch (message.type()) {
      case 'Q' -> onQuery(message.string(0));
      case 'P' -> onParse(message);
      case 'B' -> onBind(message);
      case 'D' -> onDescribe(message);
      case 'E' -> onExecute(message);
      case 'C' -> onClose(message);
      case 'F' -> onFunctionCall(message);
      case 'S' -> {
        ignoringTillSync = false;
        endImplicit();
        ready();
      }
      case 'H' -> flushed = true;
      case 'd', 'c', 'f' -> {
        // left over from a COPY that has failed: ignored, as by the server
      }
      default -> throw new SqlError("08P01", "unknown message " + message);
    }
  }

  private void onCopy(Message message) throws SqlError {
    switch (message.type()) {
      case 'd' -> {
        if (++copied == copy.failsAt) {
          throw new SqlError("22P04", "bad copy data " + copy.tag);
        }
      }
      case 'c' -> {
        Copy done = copy;
        copy = null;
        complete("COPY " + copied);
        if (!done.extended) {
          endQueryIfDone();
        }
      }
      case 'f' -> throw new SqlError("57014", "COPY from stdin failed: " + message.string(0));
      case 'S', 'H' -> {
        // skipped until the copy is over
      }
      default -> {
        lost = true;
        throw new SqlError("08P01", "unexpected message in COPY");
      }
    }
  }

  // --- simple -------------------------------------------------------------------------------

  private void onQuery(String text) {
    prepared.remove("");
    queryOpen = true;
    // A question of pooler's is one statement, whatever its strings hold.
    for (String part : text.startsWith("SELECT '") ? new String[] {text} : text.split(";")) {
      if (!part.isBlank()) {
        statements.addLast(part);
      }
    }
    if (statements.isEmpty()) {
      replies.add(Message.of('I'));
      endQueryIfDone();
    }
  }

  private void runSimple(String sql) throws SqlError {
    run(sql, new Portal(sql, List.of()), 0, true);
    endQueryIfDone();
  }

  private void endQueryIfDone() {
    if (statements.isEmpty() && copy == null && queryOpen) {
      queryOpen = false;
      endImplicit();
      ready();
    }
  }

  private void onFunctionCall(Message message) throws SqlError {
    refuseIfFailed("");
    int length = message.body()[11];
    String argument = new String(message.body(), 12, length, StandardCharsets.UTF_8);
    replies.add(
        Message.of(
            'V',
            out -> {
              out.writeInt(argument.length());
              out.writeBytes(argument);
            }));
    ready();
  }

  // --- extended -----------------------------------------------------------------------------

  private void onParse(Message message) throws SqlError {
    String name = message.string(0);
    String sql = message.string(name.length() + 1);
    begin();
    if (name.isEmpty()) {
      prepared.remove(""); // before it looks at the text
    }
    refuseIfFailed(sql);
    if (!name.isEmpty() && prepared.containsKey(name)) {
      throw new SqlError("42P05", "prepared statement exists"); // of that name, by whoever named it
    }
    if (Tag.text(sql).equals("select missing")) {
      throw missing(sql); // as the server: its text is analysed before it runs
    }
    prepared.put(name, new Prepared(sql, false));
    replies.add(Message.of('1'));
  }

  private void onBind(Message message) throws SqlError {
    String portal = message.string(0);
    String name = message.string(portal.length() + 1);
    settingsInFront |= name.startsWith("_pooler_set_");
    begin();
    Prepared statement = prepared.get(name);
    if (statement == null) {
      throw new SqlError("26000", NO_STATEMENT);
    }
    refuseIfFailed(statement.sql);
    int body = portal.length() + name.length() + 2;
    portals.put(portal, new Portal(statement.sql, parameters(message.body(), body)));
    replies.add(Message.of('2'));
  }

  /** The parameters of a Bind, in text; NULL is null. */
  private static List<String> parameters(byte[] body, int index) {
    ByteBuffer in = ByteBuffer.wrap(body).position(index);
    int formats = in.getShort();
    in.position(in.position() + 2 * formats);
    List<String> parameters = new ArrayList<>();
    for (int left = in.getShort(); left > 0; left--) {
      int length = in.getInt();
      byte[] value = new byte[Math.max(0, length)];
      in.get(value);
      parameters.add(length < 0 ? null : new String(value, StandardCharsets.UTF_8));
    }
    return parameters;
  }

  private void onDescribe(Message message) throws SqlError {
    String name = message.string(1);
    begin();
    Prepared statement = prepared.get(name);
    Portal portal = portals.get(name);
    boolean ofStatement = message.body()[0] == 'S';
    if (ofStatement ? statement == null : portal == null) {
      throw new SqlError(ofStatement ? "26000" : "34000", "nothing to describe: " + name);
    }
    String sql = ofStatement ? statement.sql : portal.sql;
    refuseIfFailed(sql);
    if (ofStatement) {
      replies.add(Message.of('t', out -> out.writeShort(0)));
    }
    replies.add(returnsRows(sql) ? rowDescription(sql) : Message.of('n'));
  }

  private void onExecute(Message message) throws SqlError {
    String name = message.string(0);
    begin();
    Portal portal = portals.get(name);
    if (portal == null) {
      throw new SqlError("34000", "no portal " + name);
    }
    int limit = message.body()[message.body().length - 1];
    run(portal.sql, portal, limit, false);
  }

  private void onClose(Message message) {
    (message.body()[0] == 'S' ? prepared : portals).remove(message.string(1));
    replies.add(Message.of('3'));
  }

  // --- statements ---------------------------------------------------------------------------

  private void run(String sql, Portal portal, int limit, boolean simple) throws SqlError {
    refuseIfFailed(sql);
    begin();
    String tag = Tag.of(sql);
    String text = Tag.text(sql);
    String[] words = text.split(" +");
    if (session(sql, text, words, simple)) {
      return;
    }
    switch (words[0].toLowerCase(java.util.Locale.ROOT)) {
      case "begin" -> {
        fresh = status == 'I';
        status = 'T';
        transactionOwner = Tag.client(tag);
        complete("BEGIN");
      }
      case "commit" -> {
        boolean fine = status != 'E';
        endTransaction(fine);
        complete(fine ? "COMMIT" : "ROLLBACK");
      }
      case "rollback" -> {
        if (words.length == 1) {
          endTransaction(false);
        } else {
          point(words[0], words[2]);
        }
        complete("ROLLBACK");
      }
      case "savepoint", "release" -> {
        point(words[0], words[1]);
        complete(words[0].toUpperCase(java.util.Locale.ROOT));
      }
      case "copy" -> copy(words, tag, simple);
      case "show" -> rows(sql, portal, limit, simple, 1, settings.value(words[1]));
      case "select" -> select(sql, words, portal, limit, simple);
      default -> throw new SqlError("42601", "syntax error " + tag);
    }
  }

  /** What concerns the session's state, if it does. */
  private boolean session(String sql, String text, String[] words, boolean simple) throws SqlError {
    String tag = "";
    switch (words[0].toLowerCase(java.util.Locale.ROOT)) {
      case "set", "reset" -> {
        settings.change(text);
        tag = words[0].toUpperCase(java.util.Locale.ROOT);
      }
      case "discard" -> {
        discard();
        tag = "DISCARD ALL";
      }
      case "prepare" -> {
        if (prepared.containsKey(words[1])) {
          throw new SqlError("42P05", "prepared statement exists");
        }
        prepared.put(words[1], new Prepared(sql.substring(sql.indexOf(" as ") + 4), true));
        tag = "PREPARE";
      }
      case "execute" -> {
        String body = byText(words[1]).sql;
        run(body, new Portal(body, List.of()), 0, simple);
        return true;
      }
      case "explain" -> {
        String body = byText(words[2]).sql;
        rows(body, new Portal(body, List.of()), 0, simple, 1, "plan of " + Tag.of(body));
        return true;
      }
      case "deallocate" -> {
        if (words[1].equals("all")) {
          prepared.keySet().removeIf(name -> !name.isEmpty());
          tag = "DEALLOCATE ALL";
        } else {
          byText(words[1]);
          prepared.remove(words[1]);
          tag = "DEALLOCATE";
        }
      }
      case "listen" -> {
        leftovers.listen(words[1], Tag.client(Tag.of(sql)));
        tag = "LISTEN";
      }
      case "unlisten" -> {
        leftovers.unlisten(words[1]);
        tag = "UNLISTEN";
      }
      case "notify" -> {
        leftovers.notify(words[1].replace(",", ""), words[2].replace("'", ""));
        tag = "NOTIFY";
      }
      case "create" -> {
        if (!leftovers.create(words[3])) {
          throw new SqlError("42P07", "relation exists " + Tag.of(sql));
        }
        tag = "CREATE TABLE";
      }
      case "drop" -> {
        if (!leftovers.drop(words[2])) {
          throw new SqlError("42P01", "table does not exist " + Tag.of(sql));
        }
        tag = "DROP TABLE";
      }
      default -> {
        return false;
      }
    }
    complete(tag);
    return true;
  }

  private Prepared byText(String name) throws SqlError {
    Prepared statement = prepared.get(name);
    if (statement == null) {
      throw new SqlError("26000", NO_STATEMENT);
    }
    return statement;
  }

  private void point(String verb, String name) throws SqlError {
    if (status == 'I') {
      throw new SqlError("25P01", "savepoints can only be used in transaction blocks");
    }
    if (verb.equals("savepoint")) {
      points.add(name);
      settings.mark();
      leftovers.mark();
      return;
    }
    int number = points.lastIndexOf(name);
    if (number < 0) {
      throw new SqlError("3B001", "savepoint does not exist");
    }
    if (verb.equals("release")) {
      settings.release(number);
      leftovers.release(number);
      points.subList(number, points.size()).clear();
    } else {
      settings.rollBackTo(number);
      leftovers.rollBackTo(number);
      points.subList(number + 1, points.size()).clear();
      portals.clear();
      status = 'T';
    }
  }

  private void select(String sql, String[] words, Portal portal, int limit, boolean simple)
      throws SqlError {
    String what = words[1];
    if (what.startsWith("'")) {
      truth(sql);
    } else if (what.startsWith("pg_catalog.set_config($1")) {
      for (int i = 0; i < portal.parameters.size(); i += 2) {
        settings.setOrReset(portal.parameters.get(i), portal.parameters.get(i + 1));
      }
      rows(sql, portal, limit, simple, 1, "");
    } else if (what.startsWith("pg_catalog.set_config")) {
      String[] parts = what.split("'");
      String value = parts.length > 3 ? parts[3] : "";
      if (value.equals("bad")) {
        throw new SqlError("22023", "invalid value for parameter");
      }
      settings.set(parts[1], value);
      rows(sql, portal, limit, simple, 1, value);
    } else if (what.equals("1/0")) {
      throw new SqlError("22012", "division by zero");
    } else if (what.equals("missing")) {
      throw missing(sql);
    } else if (what.equals("big")) {
      int size = Integer.parseInt(words[2]);
      rows(sql, portal, limit, simple, 1, (Tag.of(sql) + ' ').repeat(size));
    } else {
      String answer = functions.call(what);
      if (answer == null) {
        rows(sql, portal, limit, simple, Integer.parseInt(what), Tag.of(sql));
      } else {
        rows(sql, portal, limit, simple, 1, answer + Tag.of(sql));
      }
    }
  }

  private static SqlError missing(String sql) {
    return new SqlError("42703", "column missing does not exist " + Tag.of(sql));
  }

  /** What {@code SessionQuestion} asks: everything that this session has left here. */
  private void truth(String sql) {
    replies.add(rowDescription(sql));
    int before = replies.size();
    if (sql.contains("'setting'")) {
      settings.set().forEach((name, value) -> replies.add(row("setting", name, value)));
    }
    if (sql.contains("'listen'")) {
      leftovers.channels().forEach(channel -> replies.add(row("listen", channel, "")));
    }
    if (sql.contains("'temporary'") && leftovers.hasTables()) {
      replies.add(row("temporary", "", ""));
    }
    if (sql.contains("'lock'") && leftovers.hasLocks()) {
      replies.add(row("lock", "", ""));
    }
    if (sql.contains("'census'") && codeLeaves) {
      replies.add(row("census", "", ""));
    }
    prepared.forEach((name, statement) -> {
      String kind = statement.byText ? "prepared" : "shared";
      if (!name.isEmpty() && sql.contains("'" + kind + "'")) {
        replies.add(row(kind, name, ""));
      }
    });
    complete("SELECT " + (replies.size() - before));
  }

  private static Message row(String... values) {
    return Message.of(
        'D',
        out -> {
          out.writeShort(values.length);
          for (String value : values) {
            out.writeInt(value.length());
            out.writeBytes(value);
          }
        });
  }

  private void rows(String sql, Portal portal, int limit, boolean simple, int count, String value) {
    if (simple) {
      replies.add(rowDescription(sql));
    }
    int sent = 0;
    while (portal.row < count && (limit == 0 || sent < limit)) {
      String row = count == 1 ? value : value + "." + portal.row;
      portal.row++;
      sent++;
      replies.add(
          Message.of(
              'D',
              out -> {
                out.writeShort(1);
                out.writeInt(row.length());
                out.writeBytes(row);
              }));
    }
    if (limit != 0 && sent == limit) {
      replies.add(Message.of('s'));
    } else {
      complete("SELECT " + sent);
    }
  }

  private void copy(String[] words, String tag, boolean simple) throws SqlError {
    String table = words[1];
    if (table.contains("missing")) {
      throw new SqlError("42P01", "relation does not exist " + tag);
    }
    Message.Body formats =
        out -> {
          out.writeByte(0);
          out.writeShort(0);
        };
    if (table.contains("refused")) {
      replies.add(Message.of('G', formats));
      throw new SqlError("P0001", "a trigger says no " + tag);
    }
    int number = Integer.parseInt(table.substring(table.indexOf('_') + 2));
    if (words[2].equals("from")) {
      copy = new Copy(!simple, tag, number);
      copied = 0;
      replies.add(Message.of('G', formats));
      flushed = true;
    } else {
      replies.add(Message.of('H', formats));
      for (int i = 0; i < number; i++) {
        replies.add(Message.of('d', tag));
      }
      replies.add(Message.of('c'));
      complete("COPY " + number);
    }
  }

  private void discard() throws SqlError {
    if (status != 'I') {
      throw new SqlError("25001", "DISCARD ALL cannot run inside a transaction block");
    }
    settings.discard();
    prepared.clear();
    portals.clear();
    leftovers.discard();
  }

  private static boolean returnsRows(String sql) {
    String text = Tag.text(sql);
    return text.startsWith("select") || text.startsWith("show");
  }

  private static Message rowDescription(String sql) {
    return Message.of(
        'T',
        out -> {
          out.writeShort(1);
          Message.string(out, Tag.of(sql));
          out.write(new byte[18]);
        });
  }

  // --- transactions -------------------------------------------------------------------------

  private void begin() {
    if (status == 'I' && !implicit) {
      implicit = true;
      settings.save();
      leftovers.save();
    }
  }

  private void refuseIfFailed(String sql) throws SqlError {
    String text = Tag.text(sql);
    boolean ends = text.toLowerCase(java.util.Locale.ROOT).startsWith("rollback");
    if (status == 'E' && !ends && !text.equals("commit")) {
      throw new SqlError("25P02", "current transaction is aborted");
    }
  }

  private void endTransaction(boolean commit) {
    if (commit) {
      settings.commit();
      leftovers.commit();
    } else {
      settings.rollBack();
      leftovers.rollBack();
    }
    points.clear();
    status = 'I';
    implicit = false;
    transactionOwner = "";
    portals.clear();
  }

  private void endImplicit() {
    if (status == 'I') {
      settings.commit();
      leftovers.commit();
      implicit = false;
      portals.clear();
    }
  }

  private void failed(SqlError error, boolean extended) {
    copy = null;
    statements.clear();
    replies.add(errorResponse("ERROR", error.state, String.valueOf(error.getMessage())));
    if (lost) {
      replies.add(errorResponse("FATAL", "08P01", "protocol synchronization was lost"));
      asked.clear();
      flushed = true;
      return;
    }
    if (status == 'I') {
      settings.rollBack();
      leftovers.rollBack();
      implicit = false;
    } else {
      status = 'E';
    }
    portals.clear();
    flushed = true; // as the server does with every error
    if (extended) {
      ignoringTillSync = true;
    } else {
      queryOpen = false;
      ready();
    }
  }

  static Message errorResponse(String severity, String state, String text) {
    return Message.of('E', "S" + severity, "V" + severity, "C" + state, "M" + text, "");
  }

  private void complete(String tag) {
    replies.add(Message.of('C', tag));
  }

  private void ready() {
    String name = settings.takeReported();
    if (name != null) {
      replies.add(Message.of('S', "application_name", name));
    }
    char now = status;
    replies.add(Message.of('Z', out -> out.writeByte(now)));
    flushed = true;
  }
}
