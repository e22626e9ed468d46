const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `500ms`, `1.5s`, `2m`, `1h` or `7d`; `undefined` for anything else, a number without unit included. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS]);
}

/** Milliseconds in the largest unit that leaves a whole number: `120000` is `2m`. */
export function durationText(milliseconds: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, length] = units.find(([, size]) => milliseconds % size === 0 && milliseconds >= size) ?? [
    'ms',
    1,
  ];
  return `${milliseconds / length}${unit}`;
}
