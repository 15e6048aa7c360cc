package dev.pooler.server.config;

import java.util.List;

/** The form of what stands behind a key. */
sealed interface Shape {

  /** One scalar. */
  record One(ValueType type) implements Shape {}

  /** A list of scalars, at least one, none of them twice. */
  record Many(ValueType type) implements Shape {}

  /** A program and its arguments. */
  record Arguments() implements Shape {}

  /** Uids, each with the user it is. */
  record Uids() implements Shape {}

  /** A secret or where to get it. */
  record SecretForm() implements Shape {}

  /** A mapping of keys. */
  record Group(List<Key> keys) implements Shape {}

  /** A list of mappings. */
  record Groups(List<Key> keys) implements Shape {}

  /** Names that the user chooses, each with a mapping. */
  record Named(List<Key> keys) implements Shape {}
}
