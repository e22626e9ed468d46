import { parseArgs } from 'node:util';
import { nearestName } from 'azure-iot-certificates/internal';
import { locate } from '../io';
import { UsageError } from '../usage-error';
import { flagName, type Flag, type FlagTable, type FlagValues, type ValueSource } from './spec';
import { parseValue } from './values';

/** What a command line says. */
export interface ParsedFlags<Table extends FlagTable> {
  readonly values: FlagValues<Table>;
  /** What is no flag, in its order. */
  readonly operands: readonly string[];
  /** Where each value comes from, for those that must tell a flag from its default. */
  readonly sources: Readonly<Partial<Record<keyof Table, ValueSource>>>;
}

/** What the environment tells. */
interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Texts that were given for the flags, by the flags' names; switches have empty ones. */
type GivenTexts = ReadonlyMap<string, readonly string[]>;

interface Scanned {
  readonly given: GivenTexts;
  readonly operands: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Reads a command line by its table: a flag before its environment variable before its default.
 *
 * @param args what follows the command's name
 * @throws UsageError listing every problem
 */
export async function parseFlags<Table extends FlagTable>(
  args: readonly string[],
  table: Table,
  { env, cwd }: Surroundings,
): Promise<ParsedFlags<Table>> {
  const { given, operands, problems: found } = scan(args, table);
  const problems = [...found];
  const values: Record<string, unknown> = {};
  const sources: Partial<Record<string, ValueSource>> = {};
  for (const [name, flag] of Object.entries(table)) {
    const fromEnvironment = flag.env === undefined ? '' : (env[flag.env] ?? '');
    const texts = given.get(name);
    const used = texts ?? (fromEnvironment === '' ? [] : [fromEnvironment]);
    const subject = texts === undefined ? `${flag.env ?? ''} (environment variable)` : flagName(name);
    const parsed: unknown[] = [];
    for (const text of used) {
      try {
        parsed.push(await valueOf(text, flag, texts !== undefined, cwd));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        problems.push(`${subject} ${error.message}`);
      }
    }
    if (used.length > 0) sources[name] = texts === undefined ? 'environment' : 'flag';
    else if (flag.required === true) problems.push(missing(name, flag));
    values[name] = flag.repeatable === true ? parsed : (parsed[0] ?? defaultOf(flag, cwd));
    if (used.length === 0 && values[name] !== undefined) sources[name] = 'default';
  }
  if (problems.length > 0) throw new UsageError(problems);
  // Every value was made by the entry of the table under its name, which is what the type says.
  return { values: values as FlagValues<Table>, operands, sources: sources as ParsedFlags<Table>['sources'] };
}

function scan(args: readonly string[], table: FlagTable): Scanned {
  const names = new Map(Object.keys(table).map((name) => [flagName(name).slice(2), name]));
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { type, short }]) => [
      flagName(name).slice(2),
      {
        type: type === 'boolean' ? ('boolean' as const) : ('string' as const),
        ...(short !== undefined && { short }),
      },
    ]),
  );
  // Not strict: the words of strict mode name neither the nearest flag nor more than one problem.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const name = names.get(token.name);
    const flag = name === undefined ? undefined : table[name];
    if (name === undefined || flag === undefined) {
      problems.push(unknown(token.rawName, [...names.keys()]));
      continue;
    }
    const problem = formProblem(flag, token);
    if (problem !== undefined) problems.push(`${flagName(name)} ${problem}`);
    else if (given.has(name) && flag.repeatable !== true && flag.type !== 'boolean')
      problems.push(`${flagName(name)} is given more than once.`);
    else given.set(name, [...(given.get(name) ?? []), token.value ?? '']);
  }
  return { given, operands, problems };
}

function unknown(rawName: string, known: readonly string[]): string {
  const name = rawName.replace(/^-+/, '');
  const nearest = nearestName(name, known);
  // `--passphrase` is the beginning of two flags.
  const longer = known.filter((flag) => flag.startsWith(`${name}-`));
  const meant = nearest === undefined ? longer : [nearest];
  const question = ` Did you mean ${meant.map((flag) => `--${flag}`).join(' or ')}?`;
  return `${rawName} is not a flag.${meant.length === 0 ? '' : question}`;
}

/** What is wrong with how a flag was written. */
function formProblem(
  flag: Flag,
  { value, inlineValue }: { readonly value: string | undefined; readonly inlineValue: boolean | undefined },
): string | undefined {
  if (flag.type === 'boolean') return value === undefined ? undefined : 'is a switch and takes no value.';
  if (value === undefined) return 'needs a value.';
  // `--cert --key device.key`: the value was forgotten. A lone dash is a value.
  if (inlineValue !== true && value.startsWith('-') && value !== '-' && !/^-\d/.test(value))
    return `needs a value; to give one that begins with a dash, write it after an equals sign.`;
  return undefined;
}

async function valueOf(text: string, flag: Flag, isFlag: boolean, cwd: string): Promise<unknown> {
  if (flag.type !== 'boolean') return await parseValue(text, flag, cwd);
  if (isFlag || ['1', 'true', 'yes'].includes(text.toLowerCase())) return true;
  if (['0', 'false', 'no'].includes(text.toLowerCase())) return false;
  throw new UsageError('must be 1 or 0.');
}

function missing(name: string, { env }: Flag): string {
  return `${flagName(name)} is missing${env === undefined ? '' : `, and so is the environment variable ${env}`}.`;
}

function defaultOf(flag: Flag, cwd: string): unknown {
  if (flag.type === 'boolean') return false;
  const isPath = flag.type === 'file' || flag.type === 'directory';
  return isPath && flag.default !== undefined ? locate(cwd, flag.default) : flag.default;
}
