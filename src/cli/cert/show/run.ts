import type { Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import type { CertificateFacts } from 'azure-iot-certificates/internal';
import type { Style } from '../../output/style';
import { printable } from '../../output/printable';
import { readPassphrase } from '../../prompt/passphrase';
import { canAsk, Prompter } from '../../prompt/prompter';
import { describeCertificate, validityText, type CertificateDescription } from '../describe';
import type { flags } from './command';
import { readFile, type PassphraseFor, type ReadFile } from './read';
import { drawTrees, treesOf } from './tree';

type ShowInvocation = Invocation<typeof flags>;

/** A certificate, once, with every file that holds it. */
interface Shown {
  readonly facts: CertificateFacts;
  readonly description: CertificateDescription;
  readonly files: readonly string[];
}

/** From this many days on, an end that is near is not told apart. */
const SOON_DAYS = 30;

/** The command `cert show`. */
export async function run(invocation: ShowInvocation): Promise<number> {
  const { operands, io, output } = invocation;
  const passphraseFor = await passphrases(invocation);
  const files: ReadFile[] = [];
  // One after the other: each may ask for a passphrase.
  for (const path of operands) files.push(await readFile(path, passphraseFor));
  const shown = unique(files, io.now());
  output.result({
    json: {
      certificates: shown.map(({ description, files: paths }) => ({ ...description, files: paths })),
      problems: files.flatMap(({ path, problems }) => problems.map((problem) => ({ path, ...problem }))),
    },
    text: (style) => lines(shown, files, style, io.now()),
  });
  for (const { message, remedy } of files.flatMap(({ problems }) => problems)) {
    output.note(`${output.noteStyle.red('error:')} ${message}`);
    output.note(`What to do: ${remedy}`);
  }
  return files.some(({ problems }) => problems.length > 0) ? EXIT.failed : EXIT.ok;
}

/** What the flags name, once; or else whoever is at the terminal is asked. */
async function passphrases({ values, io }: ShowInvocation): Promise<PassphraseFor> {
  const source = { variable: values.passphraseEnv, file: values.passphraseFile };
  const named = await readPassphrase(source, io, {
    variable: '--passphrase-env',
    file: '--passphrase-file',
  });
  const prompter = new Prompter(io);
  return async (path, isWrong) => {
    if (named !== undefined) return isWrong ? undefined : named;
    if (!canAsk(io)) return undefined;
    if (isWrong) io.stderr.write('That is not its passphrase; try again, or press Ctrl-C.\n');
    return await prompter.askSecret(`Passphrase of ${path}: `);
  };
}

function unique(files: readonly ReadFile[], now: Date): readonly Shown[] {
  const shown = new Map<string, Shown>();
  for (const { path, certificates } of files) {
    for (const facts of certificates) {
      const id = facts.x509.fingerprint256;
      const known = shown.get(id);
      shown.set(id, {
        facts: known?.facts ?? facts,
        description: known?.description ?? describeCertificate(facts, now),
        files: [...new Set([...(known?.files ?? []), path])],
      });
    }
  }
  return [...shown.values()];
}

function lines(shown: readonly Shown[], files: readonly ReadFile[], style: Style, now: Date): string[] {
  const trees = treesOf(shown.map(({ facts }) => facts));
  const number = (facts: CertificateFacts) => shown.findIndex((entry) => entry.facts === facts) + 1;
  const label = (facts: CertificateFacts) => {
    const entry = shown[number(facts) - 1];
    return `${style.bold(entry?.description.subject ?? '')} (${entry?.description.kind ?? ''}, ${number(facts)})`;
  };
  const hasChain = trees.some(({ signed }) => signed.length > 0);
  return [
    ...(hasChain ? [...drawTrees(trees, label), ''] : []),
    ...shown.flatMap((entry, index) => [
      ...(index === 0 ? [] : ['']),
      ...details(entry, number(entry.facts), style, now),
    ]),
    ...files
      .filter(({ hasKey, certificates }) => hasKey && certificates.length > 0)
      .map(({ path }) => `${printable(path)} holds a private key, too, which is not shown.`),
  ];
}

function details({ description, files }: Shown, number: number, style: Style, now: Date): readonly string[] {
  const { subject, issuer, notBefore, notAfter, daysLeft, thumbprint, key, isSelfSigned } = description;
  const color = daysLeft < 0 ? style.red : daysLeft < SOON_DAYS ? style.yellow : style.green;
  const rows: readonly (readonly [string, string])[] = [
    ['File', files.map(printable).join(', ')],
    ['Issued by', isSelfSigned ? 'itself' : issuer],
    ['Valid', `${notBefore} to ${notAfter} (${color(validityText(description, now))})`],
    ['SHA-1', thumbprint.sha1],
    ['SHA-256', thumbprint.sha256],
    ['Serial', description.serialNumber],
    ['Key', `${key}, certificate signed using ${description.signature}`],
    ['Constraints', constraints(description)],
    ['Use', description.usableAs],
  ];
  return [
    `${number}. ${style.bold(subject)}: ${description.kind}`,
    ...rows.map(([name, value]) => `   ${style.dim(name.padEnd(12))} ${value}`),
  ];
}

function constraints({
  isAuthority,
  pathLength,
  keyUsage,
  extendedKeyUsage,
}: CertificateDescription): string {
  const limit = pathLength === undefined ? '' : `, path length ${pathLength}`;
  return [
    isAuthority ? `CA${limit}` : 'no CA',
    `key usage ${keyUsage?.join(', ') ?? 'any'}`,
    `extended key usage ${extendedKeyUsage?.join(', ') ?? 'any'}`,
  ].join('; ');
}
