import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Like `describe`, for suites that need an `openssl` binary: without one, a single test says that they were skipped. */
export function describeWithOpenssl(name: string, suite: () => void): void {
  if (hasOpenssl) {
    describe(name, suite);
    return;
  }
  describe(name, () => {
    test('SKIPPED: this machine has no openssl binary', () => undefined);
  });
}

/** Runs `openssl` and answers with what it wrote to its standard output; rejects when it fails. */
export async function openssl(
  args: readonly string[],
  options: { input?: string | Buffer; cwd?: string } = {},
): Promise<string> {
  const { input, ...rest } = options;
  const running = run('openssl', args, { ...rest, encoding: 'utf8' });
  // A command that fails early closes its input; its exit code tells why.
  running.child.stdin?.on('error', () => undefined);
  running.child.stdin?.end(input);
  return (await running).stdout;
}
