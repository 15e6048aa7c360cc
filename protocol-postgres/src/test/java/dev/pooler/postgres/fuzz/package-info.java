/**
 * Fuzz targets: each class has Jazzer's {@code fuzzerTestOneInput(byte[])}, which throws when an
 * input breaks what must hold for all of them. Run by {@code scripts/fuzz}; the corpora in {@code
 * src/test/fuzz} are replayed by {@link dev.pooler.postgres.fuzz.CorpusTest}.
 */
@NullMarked
package dev.pooler.postgres.fuzz;

import org.jspecify.annotations.NullMarked;
