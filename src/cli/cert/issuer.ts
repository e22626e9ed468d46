import { existsSync } from 'node:fs';
import { loadCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { CommandError } from '../command-error';
import { explaining } from '../flag-terms';
import type { Invocation } from '../command';
import { flagName } from '../flags';
import type { Io } from '../io';
import type { Output } from '../output/output';
import { readPassphrase } from '../prompt/passphrase';
import { canAsk, MAX_TRIES, Prompter } from '../prompt/prompter';
import { UsageError } from '../usage-error';

type Surroundings = Pick<Invocation, 'io' | 'output'>;

/** The flags of the CA that signs. */
interface IssuerValues {
  readonly ca?: string | undefined;
  readonly caKey?: string | undefined;
  readonly caPassphraseEnv?: string | undefined;
  readonly caPassphraseFile?: string | undefined;
}

const TERMS = {
  certFile: '--ca',
  keyFile: '--ca-key',
  passphrase: 'the passphrase of the CA (--ca-passphrase-env or --ca-passphrase-file)',
};

/** Reads the CA that both flags name. */
export async function readIssuer(
  values: IssuerValues & { readonly ca: string; readonly caKey: string },
  surroundings: Surroundings,
): Promise<IssuedCertificate>;
/** Reads the CA, or `undefined` when no flag names one. Asks for the passphrase of its key when no flag names that. */
export async function readIssuer(
  values: IssuerValues,
  surroundings: Surroundings,
): Promise<IssuedCertificate | undefined>;
export async function readIssuer(
  values: IssuerValues,
  { io, output }: Surroundings,
): Promise<IssuedCertificate | undefined> {
  const { ca, caKey, caPassphraseEnv, caPassphraseFile } = values;
  if (ca === undefined && caKey === undefined) return undefined;
  if (ca === undefined || caKey === undefined) {
    const [given, missing] = ca === undefined ? ['caKey', 'ca'] : ['ca', 'caKey'];
    throw new UsageError(
      `${flagName(given)} is given without ${flagName(missing)}; a CA signs with both its certificate and its key.`,
    );
  }
  const named = await readPassphrase({ variable: caPassphraseEnv, file: caPassphraseFile }, io, {
    variable: '--ca-passphrase-env',
    file: '--ca-passphrase-file',
  });
  return await load(withChain(ca, output), caKey, named, io);
}

/** `line-2-chain.crt`, which is made beside `line-2.crt`, holds the intermediates above it too. */
function withChain(ca: string, output: Output): string {
  const chain = ca.replace(/\.crt$/, '-chain.crt');
  if (chain === ca || ca.endsWith('-chain.crt') || !existsSync(chain)) return ca;
  output.note(`Using ${chain}, which holds the intermediates above ${ca} too.`);
  return chain;
}

async function load(
  certFile: string,
  keyFile: string,
  named: string | undefined,
  io: Io,
): Promise<IssuedCertificate> {
  const prompter = new Prompter(io);
  let passphrase = named;
  for (let tries = 0; ; tries += 1) {
    try {
      const options = { certFile, keyFile, ...(passphrase !== undefined && { passphrase }) };
      return await explaining(TERMS, () => loadCertificate(options));
    } catch (error) {
      const rule = named === undefined && canAsk(io) ? passphraseRule(error) : undefined;
      if (rule === undefined || tries === MAX_TRIES) throw error;
      if (rule === 'passphrase-correct') io.stderr.write('That is not its passphrase; try again.\n');
      passphrase = await prompter.askSecret(`Passphrase of ${keyFile}: `);
    }
  }
}

/** The broken rule when the passphrase is the only problem. */
function passphraseRule(error: unknown): 'passphrase-given' | 'passphrase-correct' | undefined {
  if (!(error instanceof CommandError)) return undefined;
  const { report } = Object(error.cause) as { report?: { findings: readonly { rule: string }[] } };
  const rules = new Set(report?.findings.map(({ rule }) => rule));
  const [rule, ...others] = rules;
  return others.length === 0 && (rule === 'passphrase-given' || rule === 'passphrase-correct')
    ? rule
    : undefined;
}
