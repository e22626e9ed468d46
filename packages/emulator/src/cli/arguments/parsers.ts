import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { decodeText } from 'azure-iot-certificates/internal';
import type { HubOptions, JsonObject, JsonValue } from '../../index';
import { isHostName, isName } from '../../options/names';

/** Parses a flag that may be given several times. Its value is a list. */
export function each<Value>(parse: (text: string) => Value) {
  return (text: string, previous: readonly Value[] = []): readonly Value[] => [...previous, parse(text)];
}

/** The beginning of the content of a PEM file. It may be a private key, so no message repeats it. */
export const PEM = '-----';

/** Text that is not empty. @throws InvalidArgumentError */
export function text(given: string): string {
  if (given !== '') return given;
  throw new InvalidArgumentError('It must not be empty.');
}

/** A path, resolved against the working directory. @throws InvalidArgumentError */
export function path(cwd: string) {
  return (given: string): string => {
    if (!given.includes(PEM)) return resolve(cwd, text(given));
    throw new InvalidArgumentError('It must be a path, not the content of a file.');
  };
}

/** A TCP port; 0 stands for a free one. @throws InvalidArgumentError */
export function port(given: string): number {
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given);
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

/** The units of {@link seconds}, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/**
 * A duration with its unit, in seconds: `1500ms` is 1.5, `2m` is 120.
 *
 * @throws InvalidArgumentError when it has no unit, or is out of range
 */
export function seconds({ min = 0, max }: { readonly min?: number; readonly max: number }) {
  return (given: string): number => {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(given) ?? [];
    const value = (Number(amount) * (UNITS[unit] ?? NaN)) / 1000;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `It must be a length of time from ${min}s to ${max}s with its unit (ms, s or m), such as 30s or 2m.`,
    );
  };
}

/** A duration in whole seconds. @throws InvalidArgumentError */
export function wholeSeconds(range: { readonly max: number }) {
  return (given: string): number => {
    const value = seconds(range)(given);
    if (Number.isInteger(value)) return value;
    throw new InvalidArgumentError('It must be whole seconds such as 0s or 3s: DPS tells devices no others.');
  };
}

/** The largest JSON text of a command, in bytes. */
const MAX_JSON_BYTES = 1024 * 1024;

/** JSON text, or `@FILE` for the JSON text in a file. @throws InvalidArgumentError */
export function json(cwd: string) {
  return (given: string): JsonValue => {
    const [content, problem] = given.startsWith('@')
      ? [readText(resolve(cwd, given.slice(1))), 'The file does not hold JSON.']
      : [given, 'It must be JSON such as {"key":"value"}, or @FILE. Does the shell need quotes around it?'];
    try {
      // JSON.parse is typed `any`, and yields nothing but JSON values.
      return JSON.parse(content) as JsonValue;
    } catch {
      throw new InvalidArgumentError(problem);
    }
  };
}

/** Reads a regular file. The program and the emulator both read it, and a pipe can be read only once. */
function readText(file: string): string {
  try {
    const found = statSync(file);
    if (found.isFile() && found.size <= MAX_JSON_BYTES) return decodeText(readFileSync(file)).text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InvalidArgumentError(`The file cannot be read (${String(code)}).`);
  }
  throw new InvalidArgumentError(`It must name a regular file of at most ${MAX_JSON_BYTES} bytes.`);
}

/** Like {@link json}, but the value must be an object. @throws InvalidArgumentError */
export function jsonObject(cwd: string) {
  return (given: string): JsonObject => {
    const value = json(cwd)(given);
    // Array.isArray does not tell the type of readonly lists apart.
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
    throw new InvalidArgumentError('It must be a JSON object such as {"interval":5}.');
  };
}

/** The name and the value of `NAME=VALUE`. @throws InvalidArgumentError */
export function property(given: string): readonly [name: string, value: string] {
  const separator = given.indexOf('=');
  if (separator > 0) return [given.slice(0, separator), given.slice(separator + 1)];
  throw new InvalidArgumentError('It must be NAME=VALUE.');
}

/** A hub as NAME or NAME=HOSTNAME. @throws InvalidArgumentError */
export function hub(given: string): HubOptions {
  const separator = given.indexOf('=');
  const name = separator === -1 ? given : given.slice(0, separator);
  const hostName = separator === -1 ? undefined : given.slice(separator + 1);
  if (isName(name) && (hostName === undefined || isHostName(hostName)))
    return { name, ...(hostName !== undefined && { hostName }) };
  throw new InvalidArgumentError(
    'It must be NAME or NAME=HOSTNAME, such as north or north=north.example.org. A NAME has up to 50 letters, digits and dashes; a HOSTNAME is a DNS name without a port.',
  );
}
