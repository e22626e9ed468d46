import type { Io } from '../io';
import { readPassphrase } from '../prompt/passphrase';
import { canAsk, Prompter } from '../prompt/prompter';
import { UsageError } from '../usage-error';

/** The flags for the passphrase of a new key. */
interface NewPassphraseValues {
  readonly encrypt: boolean;
  readonly passphraseEnv?: string | undefined;
  readonly passphraseFile?: string | undefined;
}

/** The passphrase for a new key: from a variable, from a file, or asked for twice; `undefined` for a plain key. */
export async function newPassphrase(values: NewPassphraseValues, io: Io): Promise<string | undefined> {
  const { encrypt, passphraseEnv, passphraseFile } = values;
  const named = await readPassphrase({ variable: passphraseEnv, file: passphraseFile }, io);
  if (named !== undefined || !encrypt) return named;
  if (!canAsk(io))
    throw new UsageError(
      '--encrypt asks for a passphrase, but nobody is at a terminal; give --passphrase-env or --passphrase-file instead.',
    );
  const prompter = new Prompter(io);
  for (;;) {
    const first = await prompter.askSecret('Passphrase for the new key: ');
    if (first === '') {
      io.stderr.write('A passphrase has at least one character; try again, or press Ctrl-C.\n');
      continue;
    }
    if ((await prompter.askSecret('The same once more: ')) === first) return first;
    io.stderr.write('The two are different; try again.\n');
  }
}
