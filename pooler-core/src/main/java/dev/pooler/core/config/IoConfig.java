package dev.pooler.core.config;

/**
 * Event loops and what they run on.
 *
 * @param eventLoops number of event loops; 0: chosen from the number of processors
 */
public record IoConfig(Transport transport, int eventLoops) {}
