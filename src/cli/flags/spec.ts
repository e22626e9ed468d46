/** What every flag has, whatever its type. */
interface FlagBase {
  /** What it does, for `--help` and the documentation; one or more sentences. */
  readonly description: string;
  /** One letter: `-h` for `h`. */
  readonly short?: string;
  /** What `--help` calls its value, e.g. `DAYS`. Default: depends on the type. */
  readonly valueName?: string;
  /** The environment variable that is read when the flag is not given. An empty variable counts as absent. */
  readonly env?: string;
  /** Whether it is a usage error to give it neither as a flag nor as its variable. */
  readonly required?: boolean;
  /** Whether it may be given several times; its value is an array then, empty when it is not given. */
  readonly repeatable?: boolean;
}

/** Any text. */
interface StringFlag extends FlagBase {
  readonly type: 'string';
  readonly default?: string;
}

/** A switch; its value is `false` when it is not given. */
interface BooleanFlag extends FlagBase {
  readonly type: 'boolean';
  readonly repeatable?: never;
}

/** A number in decimal digits. */
interface NumberFlag extends FlagBase {
  readonly type: 'number';
  readonly default?: number;
  readonly isInteger?: boolean;
  readonly min?: number;
  readonly max?: number;
}

/** A length of time with its unit: `500ms`, `5s`, `2m`, `1h`, `7d`. Its value is in milliseconds. */
interface DurationFlag extends FlagBase {
  readonly type: 'duration';
  /** In milliseconds. */
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

/** The path of a file or directory. Relative paths are resolved against the working directory of the {@link Io}. */
interface PathFlag extends FlagBase {
  readonly type: 'file' | 'directory';
  readonly default?: string;
}

/** JSON text, or `@FILE` for the JSON text in a file. */
interface JsonFlag extends FlagBase {
  readonly type: 'json';
  readonly default?: never;
}

/** One of a few words. */
interface EnumFlag extends FlagBase {
  readonly type: 'enum';
  readonly values: readonly string[];
  readonly default?: string;
}

/** One flag: a row of a command's table, from which parsing, `--help`, completion and documentation are made. */
export type Flag = StringFlag | BooleanFlag | NumberFlag | DurationFlag | PathFlag | JsonFlag | EnumFlag;

/** The flags of a command by their names in camel case: `idScope` is `--id-scope` on the command line. */
export type FlagTable = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F extends { type: 'boolean' }
  ? boolean
  : F extends { type: 'number' | 'duration' }
    ? number
    : F extends { type: 'json' }
      ? unknown
      : F extends { type: 'enum'; values: readonly (infer Value)[] }
        ? Value
        : string;

type HasValue<F extends Flag> = F extends { type: 'boolean' } | { required: true } ? true : false;
type HasDefault<F extends Flag> = F extends { default: string | number } ? true : false;

type FlagValue<F extends Flag> = F extends { repeatable: true }
  ? readonly ValueOf<F>[]
  : true extends HasValue<F> | HasDefault<F>
    ? ValueOf<F>
    : ValueOf<F> | undefined;

/** What parsing makes of a table. */
export type FlagValues<Table extends FlagTable> = { readonly [Name in keyof Table]: FlagValue<Table[Name]> };

/** Where a value comes from; absent when there is none. */
export type ValueSource = 'flag' | 'environment' | 'default';

/** Keeps the literal types of a table that several commands share. */
export function flagTable<const Table extends FlagTable>(table: Table): Table {
  return table;
}

/** A flag as it is written on the command line: `idScope` is `--id-scope`. */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
