import { InvalidOptionsError } from 'azure-iot-certificates';
import { nearestName } from 'azure-iot-certificates/internal';
import * as v from 'valibot';

/** One problem of a value. */
export interface Problem {
  /** The place of the value, such as `hubs[0].port`; empty for the value as a whole. */
  readonly path: string;
  /** The rule that the value breaks, such as `must be a port`. */
  readonly message: string;
  readonly remedy: string;
  readonly isMissing: boolean;
}

/** A schema for values of unknown origin. */
export type Schema<Output> = v.GenericSchema<unknown, Output>;

/** The message of a schema: the rule and, in a second line, the remedy. */
export function must(message: string, remedy = ''): string {
  return remedy === '' ? message : `${message}\n${remedy}`;
}

/** The path of a property: `path.name`, or `path["a.b"]` for a name that would read as several. */
export function propertyPath(path: string, name: string | number): string {
  if (typeof name === 'number') return `${path}[${name}]`;
  if (!/^[\w$-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** An unknown member of an object. Its schema's message is the list of known members; see {@link exactObject}. */
function unknownMember(path: string, name: string, message: string): Pick<Problem, 'message' | 'remedy'> {
  const parent = path.slice(0, path.length - name.length);
  const known = message.split(', ');
  const meant = nearestName(name, known);
  return {
    message: `is not an option.${meant === undefined ? '' : ` Did you mean ${parent}${meant}?`}`,
    remedy: `Correct its name or leave it out. The options are: ${known.map((each) => parent + each).join(', ')}.`,
  };
}

/** Converts an issue of valibot to a problem in the emulator's words. */
function toProblem(issue: v.BaseIssue<unknown>, root: string): Problem {
  const keys = (issue.path ?? []).map(({ key }) => key as string | number);
  const path = keys.reduce<string>(propertyPath, root);
  if (issue.type === 'undefined') {
    return { path, isMissing: false, ...unknownMember(path, String(keys.at(-1)), issue.message) };
  }
  const [message = '', remedy = ''] = issue.message.split('\n');
  return { path, message, remedy, isMissing: issue.input === undefined };
}

/** The value after the schema's transformations, or all its problems. `root` is the value's own path. */
export function examine<Output>(
  schema: Schema<Output>,
  value: unknown,
  root = '',
): { readonly output: Output } | { readonly problems: readonly [Problem, ...Problem[]] } {
  const result = v.safeParse(schema, value);
  if (result.success) return { output: result.output };
  const [first, ...others] = result.issues;
  return { problems: [toProblem(first, root), ...others.map((issue) => toProblem(issue, root))] };
}

/** Checks options. @throws InvalidOptionsError listing every problem. */
export function checkOptions<Output>(schema: Schema<Output>, options: unknown): Output {
  const result = examine(schema, options);
  if ('output' in result) return result.output;
  throw new InvalidOptionsError(
    result.problems.map(({ path, message, remedy }) => ({
      option: path === '' ? 'options' : path,
      message: message.endsWith('?') || message.endsWith('.') ? message : `${message}.`,
      remedy: remedy === '' ? 'Correct it, or leave it out for the default.' : remedy,
    })),
  );
}
