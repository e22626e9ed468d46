import { stripVTControlCharacters } from 'node:util';

const visibleLength = (text: string) => stripVTControlCharacters(text).length;

/** The time of day on this machine: `09:12:01`. */
export function clock(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** The text in lines of at most that many characters, broken at spaces; all but the first of a line are indented. */
export function wrap(text: string, width: number, indent = 0): string[] {
  const margin = ' '.repeat(indent);
  return text.split('\n').flatMap((line) => {
    const lines: string[] = [];
    const [first = '', ...words] = line.split(' ');
    let current = first;
    for (const word of words) {
      if (current.trim() !== '' && visibleLength(current) + 1 + visibleLength(word) > width) {
        lines.push(current);
        current = margin + word;
      } else {
        current += ` ${word}`;
      }
    }
    return [...lines, current];
  });
}

/** Rows in columns that are as wide as they have to be. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - visibleLength(cell))))
      .join('  ')
      .trimEnd(),
  );
}
