/** The YAML file: read strictly, explained, checked. */
@NullMarked
package dev.pooler.server.config;

import org.jspecify.annotations.NullMarked;
