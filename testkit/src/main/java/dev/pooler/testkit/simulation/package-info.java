/** Scripted clients and backends, seeded faults, invariants after each step. */
@NullMarked
package dev.pooler.testkit.simulation;

import org.jspecify.annotations.NullMarked;
