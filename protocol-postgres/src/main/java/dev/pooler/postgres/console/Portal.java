package dev.pooler.postgres.console;

import dev.pooler.core.console.Command;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A bound command; with a row limit its rest waits here for the next Execute. */
final class Portal {
  final Command command;
  final Formats formats;

  /** The rows not sent yet, once it has run. */
  @Nullable Iterator<List<@Nullable Object>> rest;

  Portal(Command command, Formats formats) {
    this.command = command;
    this.formats = formats;
  }
}
