/** One tokenizer over bytes, dialect as data, and what it says of a statement. */
@NullMarked
package dev.pooler.core.statement;

import org.jspecify.annotations.NullMarked;
