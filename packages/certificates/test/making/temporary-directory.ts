import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for each test of the suite, removed after it. Answers with a function that joins a path to it. */
export function useTemporaryDirectory(): (...parts: string[]) => string {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  return (...parts) => join(directory, ...parts);
}
