/** Of every device's connection. */
export const KEEP_ALIVE_SECONDS = 2;

/** How every device comes back. */
export const RECONNECT = { minDelayMs: 50, maxDelayMs: 1_000 };

/** What a busy machine may add to any time that is checked. */
export const SLACK_MS = 1_000;
