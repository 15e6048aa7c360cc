/** Authentication plugins of both sides. */
@NullMarked
package dev.pooler.mysql.auth;

import org.jspecify.annotations.NullMarked;
