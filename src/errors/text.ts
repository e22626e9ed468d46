/* Text that the messages of errors and the command line share. */

/** A duration for people: `12 ms`, `1.3 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** The message of an error on one line, without the place in OpenSSL's source. */
export function oneLine({ message, code = '' }: Error & { code?: string }): string {
  const text = message
    .replace(/[0-9A-F]+:error:[0-9A-F]+:([^:]*):[^:]*:([^:]*):[^\s:]*:\d+:?/g, '$2')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  if (text === '') return code === '' ? 'no reason is known' : code;
  return code === '' || text.includes(code) ? text : `${text} (${code})`;
}
