/** JSON as text, for the schema, log lines and HTTP answers. */
@NullMarked
package dev.pooler.server.json;

import org.jspecify.annotations.NullMarked;
