/** Main and the wiring of listeners, pools and endpoints. */
@NullMarked
package dev.pooler.server;

import org.jspecify.annotations.NullMarked;
