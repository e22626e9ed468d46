/** A warning of the process. */
export interface Warning {
  readonly message: string;
  readonly code: string | undefined;
}

/** Collects the warnings that the process is asked to give, during each test. They are not printed. */
export function useWarnings(): {
  readonly warnings: readonly Warning[];
  /** Waits for the next one. */
  next(): Promise<Warning>;
} {
  let warnings: Warning[] = [];
  let waiting: ((warning: Warning) => void)[] = [];
  // Under Jest, `process` is an object of its own that no event of the real one reaches.
  let spy: jest.SpiedFunction<typeof process.emitWarning> | undefined;
  beforeEach(() => {
    warnings = [];
    waiting = [];
    spy = jest.spyOn(process, 'emitWarning').mockImplementation((message, options?: unknown) => {
      const { code } = (options ?? {}) as { code?: string };
      const warning = { message: String(message), code };
      warnings.push(warning);
      for (const resolve of waiting.splice(0)) resolve(warning);
    });
  });
  afterEach(() => spy?.mockRestore());
  return {
    get warnings() {
      return warnings;
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
