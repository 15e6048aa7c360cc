package dev.pooler.demo;

/** The pool modes as they are written on the command line and in the configuration. */
enum PoolMode {
  session,
  transaction,
  statement
}
