import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { COMMANDS } from '../../src/cli/commands';
import { flagName } from '../../src/cli/flags/spec';
import { run } from '../../src/cli/run';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';

const directory = directoryPerTest();
const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

async function script(shell: string): Promise<string> {
  const io = new MemoryIo();
  expect(await run(['completion', shell], io)).toBe(0);
  expect(io.err).toBe('');
  return io.out;
}

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  test('knows every command and every flag', async () => {
    const text = await script(shell);
    for (const { name, flags } of COMMANDS) {
      expect(text).toContain(`'${name}'`);
      for (const flag of Object.keys(flags)) {
        expect(text).toContain(shell === 'fish' ? `-l ${flagName(flag).slice(2)} ` : flagName(flag));
      }
    }
  });

  if (isInstalled(shell)) {
    test('is one that the shell can read', async () => {
      writeFileSync(directory.file('script'), await script(shell));
      execFileSync(shell, ['-n', directory.file('script')]);
    });
  } else {
    test(`SKIPPED: this machine has no ${shell} to read it`, () => undefined);
  }
});

/** What bash offers for the last word of a line. */
async function completed(words: readonly string[]): Promise<readonly string[]> {
  writeFileSync(directory.file('script'), await script('bash'));
  const typed = ['azure-iot-x509', ...words];
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _azure_iot_x509; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', program, 'bash', directory.file('script'), ...typed], {
    cwd: directory.path,
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

const describeWithBash = isInstalled('bash')
  ? describe
  : (name: string, _suite: () => void) =>
      describe(name, () => {
        test('SKIPPED: this machine has no bash', () => undefined);
      });

describeWithBash('bash offers', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['prof'], ['profile']],
    [
      ['profile', ''],
      ['init', 'show', '--help'],
    ],
    [['cert', 'root', '--al'], ['--algorithm']],
    [['cert', 'root', '--algorithm', 'RSA-3'], ['RSA-3072']],
    [
      ['check', '--enrollment', 'central'],
      ['central-individual', 'central-group'],
    ],
    [['check', '--cn'], []],
    [['cert', 'root', '--cn', ''], []],
    [['completion', 'f'], ['fish']],
    [['help', 'dem'], ['demo']],
    [['cert', 'show', 'a file.crt', '--js'], ['--json']],
    [['--ver'], ['--version']],
  ])('%j: %j', async (words, expected) => {
    expect(await completed(words)).toEqual(expected);
  });

  test('files and directories, also those with spaces', async () => {
    mkdirSync(directory.file('certs old'));
    writeFileSync(directory.file('cert one.crt'), '');
    expect([...(await completed(['check', '--cert', 'cert']))].sort()).toEqual(['cert one.crt', 'certs old']);
    expect(await completed(['cert', 'show', 'cert o'])).toEqual(['cert one.crt']);
    expect(await completed(['cert', 'root', '--out', 'cert'])).toEqual(['certs old']);
  });
});
