/** Words for people: what somebody who mistyped probably meant. */
@NullMarked
package dev.pooler.core.text;

import org.jspecify.annotations.NullMarked;
