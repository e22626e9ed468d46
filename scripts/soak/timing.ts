/** Of every device's connection. */
export const KEEP_ALIVE_SECONDS = 2;

/** The delays between a device's attempts to connect. */
export const RECONNECT = { minDelayMs: 50, maxDelayMs: 1_000, maxRefusedDelayMs: 1_000 };

/** The tolerance of every check of a time, for a busy machine. */
export const SLACK_MS = 1_000;
