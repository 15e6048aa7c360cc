/** Embedded servers and sample load behind ./pooler demo. */
@NullMarked
package dev.pooler.demo;

import org.jspecify.annotations.NullMarked;
