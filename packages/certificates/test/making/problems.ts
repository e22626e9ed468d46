import { InvalidOptionsError } from '../../src/errors';

async function invalidOptions(promise: Promise<unknown>): Promise<InvalidOptionsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InvalidOptionsError))
    throw new Error(`Not an InvalidOptionsError: ${String(error)}`);
  expect(error.code).toBe('INVALID_OPTIONS');
  for (const { remedy } of error.problems) expect(remedy).not.toBe('');
  return error;
}

/** The problems of the `InvalidOptionsError` that the promise rejects with, as `option message`. */
export async function problemsOf(promise: Promise<unknown>): Promise<string[]> {
  const { problems } = await invalidOptions(promise);
  return problems.map(({ option, message }) => `${option} ${message}`);
}

/** The remedies of the `InvalidOptionsError` that the promise rejects with. */
export async function remediesOf(promise: Promise<unknown>): Promise<string[]> {
  const { problems } = await invalidOptions(promise);
  return problems.map(({ remedy }) => remedy);
}
