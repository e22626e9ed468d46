/**
 * Makes something once in each worker process, for all test files that ask for it by the same name: keys and
 * certificates that matter to no test, and take long to make.
 */
export function oncePerProcess<T>(name: string, make: () => T): T {
  const { oncePerProcess: once } = globalThis as unknown as { oncePerProcess: typeof oncePerProcess };
  return once(name, make);
}
