/** The backend leg. */
@NullMarked
package dev.pooler.mysql.backend;

import org.jspecify.annotations.NullMarked;
