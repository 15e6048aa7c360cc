/** The configuration as records. */
@NullMarked
package dev.pooler.core.config;

import org.jspecify.annotations.NullMarked;
