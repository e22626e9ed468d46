/** Now, as the services write it: UTC with seven digits of fractional seconds. */
export function utcTimestamp(date: Date = new Date()): string {
  return date.toISOString().replace('Z', '0000Z');
}
