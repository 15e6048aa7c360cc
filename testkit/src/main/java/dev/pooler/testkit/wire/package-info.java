/** PostgreSQL's protocol by hand: what drivers never send, and what they hide of the answers. */
@NullMarked
package dev.pooler.testkit.wire;

import org.jspecify.annotations.NullMarked;
