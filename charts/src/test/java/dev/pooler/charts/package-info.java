/** The chart, rendered and linted by real Helm inside the JVM. */
@NullMarked
package dev.pooler.charts;

import org.jspecify.annotations.NullMarked;
