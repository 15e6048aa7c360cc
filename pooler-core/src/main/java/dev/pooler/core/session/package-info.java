/** Sessions: registry, limits, why they close, what they are told. */
@NullMarked
package dev.pooler.core.session;

import org.jspecify.annotations.NullMarked;
