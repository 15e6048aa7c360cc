package dev.pooler.core.statement;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Cuts SQL text into words, names, constants and symbols, as a {@link Dialect} says; it allocates
 * nothing and never throws, whatever the text. Start it on a text, ask for tokens until {@link
 * Token#END} or {@link Token#BROKEN}, start it again. Belongs to one thread.
 *
 * <p>A text in an array is read in place. One in a buffer is read through a window that slides over
 * it, so that a statement of many megabytes costs no memory.
 *
 * <p>One class in spite of its length: every notation reads bytes through the same window, and a
 * call for each of them would cost more than the reading.
 */
public final class SqlScanner {
  private static final int WINDOW = 4096;

  /** Stays in the window behind the place being read, so that a word of a table is still there. */
  private static final int BEHIND = 2 * WordTable.MAX_LENGTH + 2;

  /** How far behind the current token {@link #find(WordTable, WordPlace)} sees. */
  private static final int REACH = 2 * WordTable.MAX_LENGTH;

  /** What {@link #find(WordTable, WordPlace)} says of a word too far behind the current token. */
  public static final int OUT_OF_REACH = -2;

  private static final int AT_END = -1;
  private static final int IN_COMMENT = -2;

  private final byte[] slide = new byte[WINDOW];
  private final byte[] tag = new byte[WordTable.MAX_LENGTH];
  private int tagLength;

  private Dialect dialect = Dialect.of();
  private byte[] window = slide;
  private @Nullable ByteBuf source;
  private int sourceOffset;
  private int length;

  /** Byte i of the text stands at window[i + shift] for all i from BEHIND before us up to held. */
  private int shift;

  private int held;

  private int at;
  private int start;
  private int end;
  private int contentStart;
  private int contentEnd;
  private int hash;
  private int symbol;
  private boolean verbatim;
  private boolean inString;
  private boolean inExecutableComment;
  private boolean skipsConditions;
  private int conditions;

  /** The last token was a word, and a dot directly behind it is no number's. */
  private boolean behindWord;

  /** The last token was a dot or an at sign. */
  private boolean behindMark;

  /** Starts on bytes of an array, which must not change until the last token was read. */
  public SqlScanner start(Dialect dialect, byte[] text, int offset, int length) {
    begin(dialect, length);
    source = null;
    window = text;
    shift = offset;
    held = length;
    return this;
  }

  /** Starts on bytes of a buffer, whose indexes are not moved; the caller keeps it alive. */
  public SqlScanner start(Dialect dialect, ByteBuf text, int offset, int length) {
    begin(dialect, length);
    source = text;
    sourceOffset = offset;
    window = slide;
    shift = 0;
    held = 0;
    return this;
  }

  private void begin(Dialect dialect, int length) {
    this.dialect = dialect;
    this.length = length;
    at = 0;
    start = 0;
    end = 0;
    inExecutableComment = false;
    skipsConditions = false;
    conditions = 0;
    behindWord = false;
    behindMark = false;
  }

  /**
   * Starts on the same text once more, this time without the text of comments that some servers
   * only execute.
   */
  public SqlScanner startWithoutConditions() {
    if (source != null) {
      shift = 0;
      held = 0;
    }
    begin(dialect, length);
    skipsConditions = true;
    return this;
  }

  /**
   * How many comments there were so far whose text some servers execute and others don't, by their
   * version.
   */
  public int conditions() {
    return conditions;
  }

  /** The next token's kind; after END or BROKEN the same again. */
  public Token next() {
    int first = skipSpaceAndComments();
    start = at;
    verbatim = true;
    inString = false;
    if (first < 0) {
      end = at;
      return first == AT_END ? Token.END : broken();
    }
    int kind = Bytes.kind(first);
    if (dialect.has(Lexical.LOOSE_NAMES)) {
      boolean glued = at == end; // end of the token before
      boolean name = glued && behindMark && (kind & Bytes.IN_WORD) != 0;
      boolean dot = glued && behindWord && first == '.' && Bytes.inWord(byteAt(at + 1)) != 0;
      behindWord = false;
      behindMark = false;
      if (name) {
        return word();
      } else if (dot || first == '@') {
        behindMark = true;
        return symbol(first);
      } else if ((kind & Bytes.DIGIT) != 0) {
        return numberOrWord();
      }
      behindMark = first == '.' && !isDigit(byteAt(at + 1));
    }
    if ((kind & Bytes.LETTER) != 0) {
      return prefixedOrWord(first);
    }
    if ((kind & Bytes.DIGIT) != 0 || (first == '.' && isDigit(byteAt(at + 1)))) {
      return number();
    }
    return switch (first) {
      case '\'' -> string(at + 1, '\'', dialect.has(Lexical.BACKSLASH_STRINGS));
      case '"' ->
          dialect.has(Lexical.DOUBLE_QUOTED_STRINGS)
              ? string(at + 1, '"', dialect.has(Lexical.BACKSLASH_STRINGS))
              : name(at + 1, '"', Token.QUOTED);
      case '`' ->
          dialect.has(Lexical.BACKTICK_IDENTIFIERS)
              ? name(at + 1, '`', Token.QUOTED)
              : symbol(first);
      case '$' -> dollar();
      case '[' ->
          dialect.has(Lexical.BRACKET_IDENTIFIERS)
              ? name(at + 1, ']', Token.QUOTED)
              : symbol(first);
      case 0 -> broken();
      default -> symbol(first);
    };
  }

  /** Where the current token starts, counted from the start of the text. */
  public int start() {
    return start;
  }

  /** Where the current token ends; the byte there is not part of it. */
  public int end() {
    return end;
  }

  /** A byte of the current token, by its place in the text. */
  public int byteOf(int place) {
    ByteBuf text = source;
    return (text == null ? window[place + shift] : text.getByte(sourceOffset + place)) & 0xff;
  }

  /** Whether the current string has an escape, a doubled quote, another part or dollars. */
  public boolean isEscaped() {
    return !verbatim;
  }

  /** The byte of a {@link Token#SYMBOL}. */
  public int symbol() {
    return symbol;
  }

  /** A hash without case of the current {@link Token#WORD} or quoted name, 0 for a long one. */
  public int hash() {
    return hash;
  }

  /**
   * Whether the current quoted name or string means the very bytes between its quotes, with no
   * escape, doubled quote or continuation. Otherwise {@link #find} finds nothing.
   */
  public boolean isVerbatim() {
    return verbatim && contentStart + shift >= 0;
  }

  /** The place of the current word, quoted name or string in the table, in any case, or NONE. */
  public int find(WordTable table) {
    int size = contentEnd - contentStart;
    if (size > WordTable.MAX_LENGTH || !isVerbatim()) {
      return WordTable.NONE;
    }
    // A string's hash is not at hand: few strings are ever looked up.
    int known = inString ? WordTable.hash(window, contentStart + shift, size) : hash;
    return table.find(window, contentStart + shift, size, known);
  }

  /**
   * Notes where the current word or quoted name stands, for a look-up when later tokens are known.
   */
  public void note(WordPlace place) {
    place.from = contentStart;
    place.size = verbatim ? contentEnd - contentStart : WordTable.MAX_LENGTH + 1;
    place.hash = hash;
    place.quoted = contentStart != start;
  }

  /**
   * The place in the table of a word noted before: in any case, or if it was quoted, in lower case;
   * NONE, or {@link #OUT_OF_REACH} if it starts more than 126 bytes before the current token.
   */
  public int find(WordTable table, WordPlace place) {
    if (start - place.from > REACH) {
      return OUT_OF_REACH;
    }
    if (place.size > WordTable.MAX_LENGTH || (place.quoted && !isLower(place.from, place.size))) {
      return WordTable.NONE;
    }
    return table.find(window, place.from + shift, place.size, place.hash);
  }

  /**
   * Whether the current word or quoted name, at most 63 bytes long, has no capital ASCII letter.
   */
  public boolean isLower() {
    int size = contentEnd - contentStart;
    return size <= WordTable.MAX_LENGTH && isVerbatim() && isLower(contentStart, size);
  }

  private boolean isLower(int from, int size) {
    for (int i = from + shift; i < from + shift + size; i++) {
      if (window[i] != Bytes.lower(window[i])) {
        return false;
      }
    }
    return true;
  }

  /** Whether the word noted before starts so, in any case; false if it is out of reach. */
  public boolean startsWith(byte[] prefix, WordPlace place) {
    if (start - place.from > REACH || place.size < prefix.length) {
      return false;
    }
    return holds(prefix, place.from + shift);
  }

  private boolean holds(byte[] prefix, int at) {
    for (int i = 0; i < prefix.length; i++) {
      if (Bytes.lower(window[at + i]) != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether this ASCII character is in the current token's content; false if it is long. */
  public boolean contains(char symbol) {
    int size = contentEnd - contentStart;
    if (size > WordTable.MAX_LENGTH || !isVerbatim()) {
      return false;
    }
    for (int i = contentStart + shift; i < contentStart + shift + size; i++) {
      if (window[i] == symbol) {
        return true;
      }
    }
    return false;
  }

  /** The current token's content starts with these lower-case ASCII bytes, in any case. */
  public boolean startsWith(byte[] prefix) {
    return contentEnd - contentStart >= prefix.length
        && isVerbatim()
        && holds(prefix, contentStart + shift);
  }

  private Token prefixedOrWord(int first) {
    int second = byteAt(at + 1);
    if (second == '\'') {
      int prefix = Bytes.lower(first);
      if (prefix == 'e' && dialect.has(Lexical.ESCAPE_STRINGS)) {
        return string(at + 2, '\'', true);
      } else if (prefix == 'n') {
        return string(at + 2, '\'', dialect.has(Lexical.BACKSLASH_STRINGS));
      } else if (prefix == 'b' || prefix == 'x') {
        verbatim = false;
        return string(at + 2, '\'', false);
      }
    } else if (second == '&' && Bytes.lower(first) == 'u' && dialect.has(Lexical.UNICODE_STRINGS)) {
      int third = byteAt(at + 2);
      if (third == '\'' || third == '"') {
        verbatim = false;
        return third == '"' ? name(at + 3, '"', Token.ESCAPED_NAME) : string(at + 3, '\'', false);
      }
    }
    return word();
  }

  private Token word() {
    int i = at;
    int h = 0;
    do {
      // The bytes at hand in a loop with no call: under C1, which a sidecar runs, it counts.
      byte[] bytes = window;
      int last = held;
      int offset = shift;
      for (byte folded; i < last && (folded = Bytes.inWord(bytes[i + offset])) != 0; i++) {
        h = h * 31 + folded;
      }
    } while (i >= held && byteAt(i) >= 0);
    hash = h;
    contentStart = at;
    contentEnd = i;
    behindWord = true;
    return ended(Token.WORD, i);
  }

  private Token string(int from, int quote, boolean backslashes) {
    int i = from;
    contentStart = from;
    inString = true;
    while (true) {
      int value = byteAt(i);
      if (value <= 0) {
        return broken();
      } else if (value == '\\' && backslashes) {
        verbatim = false;
        i += 2;
      } else if (value != quote) {
        i++;
      } else if (byteAt(i + 1) == quote) {
        verbatim = false;
        i += 2;
      } else {
        contentEnd = i;
        ended(Token.STRING, i + 1);
        if (!dialect.has(Lexical.CONTINUED_STRINGS) || !isContinued()) {
          return Token.STRING;
        }
        verbatim = false;
        i = at + 1;
      }
    }
  }

  /**
   * Skips what may stand between two parts of one string: space and line comments with at least one
   * line break (PostgreSQL manual 4.1.2.1). A second part keeps the first one's escapes.
   */
  private boolean isContinued() {
    boolean broken = false;
    int value = byteAt(at);
    while (value >= 0) {
      if ((Bytes.kind(value) & Bytes.SPACE) != 0) {
        broken |= value == '\n' || value == '\r';
        at++;
      } else if (value == '-' && byteAt(at + 1) == '-') {
        skipLine();
      } else {
        return broken && value == '\'';
      }
      value = byteAt(at);
    }
    return false;
  }

  private Token name(int from, int quote, Token kind) {
    contentStart = from;
    for (int i = from; ; i++) {
      int value = byteAt(i);
      if (value <= 0) {
        return broken();
      } else if (value == quote) {
        if (byteAt(i + 1) != quote) {
          contentEnd = i;
          hashContent();
          return ended(kind, i + 1);
        }
        verbatim = false;
        i++;
      }
    }
  }

  private void hashContent() {
    int size = contentEnd - contentStart;
    hash =
        size <= WordTable.MAX_LENGTH && isVerbatim()
            ? WordTable.hash(window, contentStart + shift, size)
            : 0;
  }

  private Token number() {
    int i = at;
    int second = byteAt(i + 1);
    if (byteAt(i) == '0' && (second | 0x20) >= 'b' && "xXoObB".indexOf(second) >= 0) {
      i += 2;
      while (isHexDigit(byteAt(i))) {
        i++;
      }
      return ended(Token.NUMBER, i);
    }
    i = digits(i);
    if (byteAt(i) == '.' && byteAt(i + 1) != '.') {
      i = digits(i + 1);
    }
    if ((byteAt(i) | 0x20) == 'e') {
      int sign = byteAt(i + 1);
      int exponent = sign == '+' || sign == '-' ? i + 2 : i + 1;
      if (isDigit(byteAt(exponent))) {
        i = digits(exponent);
      }
    }
    return ended(Token.NUMBER, i);
  }

  /** What starts with a digit where a name may: sql_lex.cc of MySQL, MY_LEX_NUMBER_IDENT. */
  private Token numberOrWord() {
    int second = byteAt(at + 1);
    if (byteAt(at) == '0' && (second == 'x' || second == 'b')) {
      int i = at + 2;
      while (second == 'x' ? isHexDigit(byteAt(i)) && byteAt(i) != '_' : (byteAt(i) | 1) == '1') {
        i++;
      }
      return i > at + 2 && !continuesWord(i) ? ended(Token.NUMBER, i) : word();
    }
    int i = plainDigits(at);
    if (byteAt(i) == '.') {
      i = plainDigits(i + 1);
      int exponent = exponent(i);
      return ended(Token.NUMBER, exponent < 0 ? i : exponent);
    }
    int exponent = exponent(i);
    if (exponent >= 0) {
      return ended(Token.NUMBER, exponent);
    }
    return continuesWord(i) ? word() : ended(Token.NUMBER, i);
  }

  /** Where the exponent ends that starts there, or -1. */
  private int exponent(int from) {
    if ((byteAt(from) | 0x20) != 'e') {
      return -1;
    }
    int sign = byteAt(from + 1);
    int first = sign == '+' || sign == '-' ? from + 2 : from + 1;
    return isDigit(byteAt(first)) ? plainDigits(first) : -1;
  }

  private boolean continuesWord(int i) {
    int value = byteAt(i);
    return value >= 0 && Bytes.inWord(value) != 0;
  }

  private int plainDigits(int from) {
    int i = from;
    while (isDigit(byteAt(i))) {
      i++;
    }
    return i;
  }

  private int digits(int from) {
    int i = from;
    while (isDigit(byteAt(i)) || byteAt(i) == '_') {
      i++;
    }
    return i;
  }

  private Token dollar() {
    int i = at + 1;
    if (dialect.has(Lexical.DOLLAR_PARAMETERS) && isDigit(byteAt(i))) {
      return ended(Token.PARAMETER, digits(i));
    }
    if (!dialect.has(Lexical.DOLLAR_QUOTES)) {
      return word();
    }
    tagLength = 0;
    int kind = Bytes.kind(byteAt(i));
    while (byteAt(i) >= 0 && (kind == Bytes.LETTER || kind == Bytes.DIGIT)) {
      if (tagLength == tag.length) {
        return broken();
      }
      tag[tagLength++] = window[i + shift];
      kind = Bytes.kind(byteAt(++i));
    }
    if (byteAt(i) == '$') {
      return dollarString(i + 1);
    }
    return dialect.has(Lexical.LOOSE_NAMES) ? word() : symbol('$');
  }

  private Token dollarString(int from) {
    verbatim = false;
    for (int i = from; ; i++) {
      int value = byteAt(i);
      if (value <= 0) {
        return broken();
      } else if (value == '$' && isTag(i + 1)) {
        return ended(Token.STRING, i + tagLength + 2);
      }
    }
  }

  private boolean isTag(int from) {
    for (int i = 0; i < tagLength; i++) {
      if (byteAt(from + i) != (tag[i] & 0xff)) {
        return false;
      }
    }
    return byteAt(from + tagLength) == '$';
  }

  private int skipSpaceAndComments() {
    while (true) {
      int value = byteAt(at);
      if (value < 0) {
        return inExecutableComment ? IN_COMMENT : AT_END;
      }
      int kind = Bytes.kind(value);
      if (kind == Bytes.SPACE) {
        at++;
      } else if (kind != 0) {
        return value;
      } else if ((value == '-' && opensDashComment()) || (value == '#' && hashComments())) {
        skipLine();
      } else if (value == '/' && byteAt(at + 1) == '*') {
        if (!skipBlockComment()) {
          return IN_COMMENT;
        }
      } else if (value == '*' && inExecutableComment && byteAt(at + 1) == '/') {
        inExecutableComment = false;
        at += 2;
      } else {
        return value;
      }
    }
  }

  private boolean hashComments() {
    return dialect.has(Lexical.HASH_COMMENTS);
  }

  private boolean opensDashComment() {
    int third = byteAt(at + 2);
    return byteAt(at + 1) == '-'
        && (!dialect.has(Lexical.DASHES_NEED_SPACE) || third <= ' ' || third == 0x7f);
  }

  private void skipLine() {
    boolean returns = dialect.has(Lexical.RETURN_ENDS_COMMENT);
    int value = byteAt(at);
    // A zero byte ends MySQL's comments, and its text; PostgreSQL's texts have none.
    while (value > 0 && value != '\n' && !(returns && value == '\r')) {
      value = byteAt(++at);
    }
  }

  /** Skips a comment, or only its opening if its text is executed; false if it doesn't end. */
  private boolean skipBlockComment() {
    at += 2;
    if (dialect.has(Lexical.EXECUTABLE_COMMENTS)) {
      // MariaDB has comments of its own beside those that MySQL executes: M and the mark.
      boolean own = byteAt(at) == 'M' && byteAt(at + 1) == '!';
      if (own || byteAt(at) == '!') {
        return openExecutableComment(own);
      }
    }
    int depth = 1;
    while (depth > 0) {
      int value = byteAt(at++);
      if (value < 0) {
        at = length;
        return false;
      } else if (value == '*' && byteAt(at) == '/') {
        at++;
        depth--;
      } else if (value == '/' && byteAt(at) == '*' && dialect.has(Lexical.NESTED_COMMENTS)) {
        at++;
        depth++;
      }
    }
    return true;
  }

  /**
   * Behind the opening of a comment whose text may be executed: always without a version, and with
   * one that is old enough. MariaDB executes nothing for versions from 5.7.0 on that are not its
   * own. Five digits are a version or six; fewer belong to the text (MySQL 9.7 manual, 11.7).
   *
   * @param own MariaDB's, which MySQL takes for any other comment
   */
  private boolean openExecutableComment(boolean own) {
    int from = own ? at + 2 : at + 1;
    int digits = 0;
    int version = 0;
    while (digits < 7 && isDigit(byteAt(from + digits))) {
      version = version * 10 + byteAt(from + digits) - '0';
      digits++;
    }
    boolean versioned = digits == 5 || digits == 6;
    at = versioned ? from + digits : from;
    if (own || digits == 6 || (versioned && version >= 50_700)) {
      conditions++;
      if (skipsConditions) {
        return skipCondition(own);
      }
    }
    inExecutableComment = true;
    return digits < 7;
  }

  /** Skips to the end of a comment that is not executed and may have one other inside. */
  private boolean skipCondition(boolean own) {
    boolean nested = false;
    for (int value = byteAt(at); value >= 0; value = byteAt(++at)) {
      int next = byteAt(at + 1);
      if (value == '*' && next == '/') {
        at += 2;
        if (!nested) {
          return true;
        }
        nested = false;
        at--;
      } else if (value == '/' && next == '*' && !nested) {
        if (own) {
          return false; // ends earlier for MySQL than for MariaDB
        }
        nested = true;
        at++;
      }
    }
    return false;
  }

  private Token symbol(int value) {
    symbol = value;
    return ended(Token.SYMBOL, at + 1);
  }

  private Token ended(Token token, int where) {
    at = where;
    end = where;
    return token;
  }

  /** Stays broken: nothing behind the break has a meaning. */
  private Token broken() {
    at = length;
    end = length;
    inExecutableComment = true;
    return Token.BROKEN;
  }

  private int byteAt(int i) {
    return i < held ? window[i + shift] & 0xff : byteBeyond(i);
  }

  private int byteBeyond(int i) {
    ByteBuf text = source;
    if (i >= length || text == null) {
      return AT_END;
    }
    int from = Math.max(0, i - BEHIND);
    int size = Math.min(WINDOW, length - from);
    text.getBytes(sourceOffset + from, window, 0, size);
    shift = -from;
    held = from + size;
    return window[i + shift] & 0xff;
  }

  private static boolean isDigit(int value) {
    return value >= '0' && value <= '9';
  }

  private static boolean isHexDigit(int value) {
    int lower = value | 0x20;
    return isDigit(value) || (lower >= 'a' && lower <= 'f') || value == '_';
  }
}
