/** Where text goes: a stream of Node, or a test's. */
export interface DemoOutput {
  write(text: string): unknown;
  /** Whether a person watches; only then there are colors and progress. */
  readonly isTTY?: boolean | undefined;
  /** The terminal's width in characters. */
  readonly columns?: number | undefined;
}

/** What the demo knows of the process it runs in. */
export interface DemoIo {
  readonly stdout: DemoOutput;
  readonly stderr: DemoOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts the demo, which then cleans up. */
  readonly signal?: AbortSignal | undefined;
}

/** Whether the output is a terminal that can move its cursor. */
export function isInteractive({ stdout, env }: DemoIo): boolean {
  return stdout.isTTY === true && env['TERM'] !== 'dumb';
}

/** The terminal's width in characters, where there is one and it is known. */
export function terminalWidth(io: DemoIo): number | undefined {
  const { columns } = io.stdout;
  // Some terminals say that they have 0 columns.
  return isInteractive(io) && columns !== undefined && columns > 0 ? columns : undefined;
}
