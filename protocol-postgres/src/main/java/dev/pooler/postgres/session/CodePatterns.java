package dev.pooler.postgres.session;

import java.util.regex.Pattern;

/**
 * What the source of a function or a DO block shows of what it leaves. Regular expressions that the
 * server and Java read alike, but for the ends of words; case doesn't matter. What they don't know
 * counts as hidden: that costs a pin, a name that is missed mixes sessions.
 */
public final class CodePatterns {
  /** Comments without a quote inside: whatever they stand in, nothing is lost with them. */
  public static final String COMMENT = "--[^'\"$*\\n\\r]*(?=[\\n\\r]|$)|/\\*[^'\"$*\\n\\r]*\\*/";

  private static final String PART = "[a-z_][a-z0-9_$]*";
  private static final String MORE_PARTS = "(?:\\." + PART + ")";
  private static final String SPACES = "(?:\\s|\\\\[nrtbf])*";

  /** Where a statement begins that is not in a string. */
  static final String STATEMENT = "(?:^|;|\\*/|>>|--[^\\n]*\\n|\\m(?:begin|then|else|loop)\\M)\\s*";

  /** Where one may begin in text that is run. */
  private static final String TEXT =
      "(?:^|[;'\"$%]|\\*/|>>|--[^\\n]*\\n|\\\\[nrtbf]|%(?:\\d+\\$)?-?\\d*[sil]"
          + "|\\m(?:begin|then|else|loop)\\M)"
          + SPACES;

  /** UPDATE and ALTER up to their SET, which sets columns. */
  public static final String UPDATES =
      "\\m(?:update|alter)\\s"
          + "(?:(?!\\m(?:execute|perform|return|loop|then|else|begin|set)\\M)[^;=])*\\mset\\M";

  /** Names of two parts behind SET and set_config. */
  public static final String NAMED =
      "(?:\\mset_config\\s*\\(\\s*'+|\\mset\\s+(?:session\\s+|local\\s+)?)"
          + ("(" + PART + MORE_PARTS + "+)");

  /** Behind the word SET: a whole name, what ends with the transaction, what is no custom one. */
  private static final String TOLD_SET =
      "\\s*\\(|\\s+(?:local\\s|(?:session\\s+)?(?:"
          + (PART + MORE_PARTS + "*\\s*(?:=|:=|\\mto\\M)")
          + "|(?:null|default|not|data|statistics|storage|schema|tablespace|logged|unlogged|without"
          + "|with|expression|generated|compression|access|role|constraints|transaction|time"
          + "|authorization|names|characteristics|xml)\\M(?!\\.)))";

  private static final String HIDDEN_SET = "set\\M(?!" + TOLD_SET + ")";

  /** A call of set_config whose name is no plain literal, or something that may become one. */
  public static final String HIDDEN_CALL =
      "\\mset_config\\M(?:\\s*[\"'/%\\\\$-]|\\s*\\((?!\\s*'+"
          + "[a-z_][a-z0-9_$.]*'+(?:::text)?\\s*,))"
          + "|\\mu&[\"']";

  /** A SET whose name is put together or quoted; to be looked for without {@link #UPDATES}. */
  static final String HIDDEN_STATEMENT = STATEMENT + HIDDEN_SET;

  /** The same in strings: for code that runs text. */
  public static final String HIDDEN_IN_TEXT = TEXT + HIDDEN_SET;

  private static final String TEXT_FUNCTIONS =
      "\\m(?:query_to_xml(?:schema|_and_xmlschema)?|crosstab\\w*|connectby|xpath_table|ts_stat"
          + "|ts_rewrite)\\M\\s*\\(";

  /** It runs SQL that is kept, or put together, as text. */
  public static final String RUNS_TEXT = "\\mexecute\\M|\\mcursor_to_xml|" + TEXT_FUNCTIONS;

  private static final String PLACE = "%(?:\\d+\\$)?";

  /** How a string begins that tells what statement it is. */
  private static final String VERB =
      "\\s*(?:(?:insert|update|delete|merge|truncate|create|alter|drop|comment|grant|revoke|analyze"
          + "|analyse|vacuum|refresh|reindex|cluster|lock|notify|listen|unlisten|with|values|table"
          + "|set|reset|call|fetch|move|close|import|reassign|load|discard|deallocate)\\M"
          + "|copy\\s+[^(\\s]|do\\s+\\$|explain\\M(?!\\s*\\(?[^']*analy)|select\\M(?![\\s(]*(?:"
          + "'(?!\\s*\\|\\|\\s*quote_ident\\M)|"
          + (PLACE + "s|(?:" + PLACE + "i\\s*\\.\\s*)?" + PLACE + "i\\s*\\()))");

  private static final String LITERAL = "(?:e?'+|\\$" + "[a-z_]*\\$)" + VERB;
  private static final String TOLD_TEXT = "\\s*\\(*\\s*(?:(?:format|concat)\\s*\\(\\s*)?" + LITERAL;

  private static final String EXECUTE =
      "(?:" + STATEMENT + "|\\m(?:in|for|query)\\M\\s*)execute\\M";
  private static final String VARIABLE =
      "\\s+([a-z_][a-z0-9_]*)\\s*(?:;|$|\\m(?:using|into|loop)\\M)";

  /** Text is run of which the source does not tell what statement it is. */
  public static final String UNTOLD_TEXT =
      EXECUTE
          + ("(?!\\s+(?:function|procedure|on)\\M|" + TOLD_TEXT + "|" + VARIABLE + ")|")
          + (TEXT_FUNCTIONS + "(?!" + TOLD_TEXT + ")");

  /** A variable whose text is run. */
  static final String RUN_VARIABLE = EXECUTE + VARIABLE;

  /** Behind a variable's name: it is given a text that tells what it is. */
  static final String GIVEN = "\\M[^;:=]*(?::=|=|\\mdefault\\M)" + TOLD_TEXT;

  /** In front of a variable's name: the same. */
  static final String SELECTED = LITERAL + "[^;]*\\minto\\s+(?:strict\\s+)?";

  /** What no question covers, but the seed and libraries. */
  public static final String UNASKED_CALL =
      "\\m(?:dblink_connect(?:_u)?|pg_replication_origin_session_setup|pg_backup_start"
          + "|pg_start_backup|pg_(?:create|copy)_(?:logical|physical)_replication_slot)\\M"
          + "\\s*[\"(]";

  public static final String SEED =
      "\\msetseed\\M\\s*[\"(]|\\mset_config\\s*\\(\\s*'+seed'|"
          + (TEXT + "set\\s+(?:session\\s+|local\\s+)?\"?seed\\M(?!\\.)");

  public static final String LOAD = TEXT + "load\\s*'";

  /** Words without which none of the above fits. */
  static final String ANY =
      "set_config|setseed|execute|_to_xml|crosstab|connectby|xpath_table|ts_stat|ts_rewrite|dblink"
          + "|replication|backup|\\mload\\M|u&[\"']|"
          + (STATEMENT + "set\\M");

  private CodePatterns() {}

  /** As Java reads it: what may repeat for long gives nothing back, which would take its stack. */
  public static Pattern java(String pattern) {
    String possessive =
        pattern
            .replace(SPACES, SPACES + "+")
            .replace(MORE_PARTS + "*", MORE_PARTS + "*+")
            .replace(MORE_PARTS + "+", MORE_PARTS + "++");
    return Pattern.compile(
        possessive.replace("\\m", "\\b").replace("\\M", "\\b"), Pattern.CASE_INSENSITIVE);
  }
}
