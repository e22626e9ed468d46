/** The exit codes of commands. An interrupted command has 130 (Ctrl-C) or 143 (SIGTERM). */
export const EXIT = {
  /** The command did its work. */
  ok: 0,
  /** A service refused, a check found errors, or something failed. */
  failed: 1,
  /** Flags or arguments are wrong; the command did nothing. */
  usage: 2,
} as const;
