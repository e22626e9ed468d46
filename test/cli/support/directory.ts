import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for each test of a file, removed afterwards. */
export function directoryPerTest(): { readonly path: string; file: (name: string) => string } {
  let path = '';
  beforeEach(() => {
    // macOS has its temporary directory behind a link.
    path = realpathSync(mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-')));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    file: (name) => join(path, name),
  };
}
