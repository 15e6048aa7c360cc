/** The administrator's console, apart from the protocol that it is spoken in. */
@NullMarked
package dev.pooler.core.console;

import org.jspecify.annotations.NullMarked;
