import type { HubOptions } from 'azure-iot-emulator';
import { isHostName, isName } from 'azure-iot-emulator/internal';
import { UsageError } from '../../usage-error';

/** The hubs of `--hub`. @throws UsageError naming every one that is none. */
export function hubsOf(texts: readonly string[]): readonly HubOptions[] {
  const problems: string[] = [];
  const hubs = texts.map((text) => {
    const separator = text.indexOf('=');
    const name = separator === -1 ? text : text.slice(0, separator);
    const hostName = separator === -1 ? undefined : text.slice(separator + 1);
    if (!isName(name) || (hostName !== undefined && !isHostName(hostName))) problems.push(problemOf(text));
    return { name, ...(hostName !== undefined && { hostName }) };
  });
  if (problems.length > 0) throw new UsageError(problems);
  return hubs;
}

function problemOf(text: string): string {
  return [
    `--hub must be NAME or NAME=HOSTNAME, such as north or north=north.example.org, not ${JSON.stringify(text)}.`,
    'A NAME has up to 50 letters, digits and dashes; a HOSTNAME is a DNS name without a port.',
  ].join(' ');
}
