package dev.pooler.mysql.backend;

/** What is known of a fact about a backend. */
enum Truth {
  YES,
  NO,
  /** It may have changed since it was told last. */
  UNKNOWN;

  static Truth of(boolean fact) {
    return fact ? YES : NO;
  }
}
