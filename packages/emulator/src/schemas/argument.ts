import { invalidArgument } from '../protocol/errors';
import { examine, type Schema } from './problems';

/** Checks an argument of a service call. @throws EmulatorError 400004 for the first problem */
export function checkArgument<Output>(schema: Schema<Output>, value: unknown, path = ''): Output {
  const result = examine(schema, value, path);
  if ('output' in result) return result.output;
  const [{ path: place, message }] = result.problems;
  throw invalidArgument(place === '' ? `The argument ${message}` : `${place} ${message}`);
}
