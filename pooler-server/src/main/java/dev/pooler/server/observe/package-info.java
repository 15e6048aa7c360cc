/** What is counted, as metrics and as JSON. */
@NullMarked
package dev.pooler.server.observe;

import org.jspecify.annotations.NullMarked;
