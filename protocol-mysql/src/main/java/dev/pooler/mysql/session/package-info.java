/** Session trackers and footprint. */
@NullMarked
package dev.pooler.mysql.session;

import org.jspecify.annotations.NullMarked;
