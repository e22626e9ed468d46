import type { CertificateFacts } from 'azure-iot-certificates/internal';
import { printable } from 'azure-iot-certificates/internal';
import { defineCommand, jsonFlag, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { path, text } from '../../flags';
import type { Style } from '../../output/style';
import { readPassphrase } from '../../prompt/passphrase';
import { canAsk, Prompter } from '../../prompt/prompter';
import { describeCertificate, validityText, type CertificateDescription } from '../describe';
import { readFile, type PassphraseFor, type ReadFile } from './read';
import { drawTrees, treesOf } from './tree';

const flags = {
  passphraseEnv: text(
    'name',
    'Name of the environment variable with the passphrase of PKCS#12 files; without it none, and then a prompt.',
  ),
  passphraseFile: path('file', 'File with the passphrase of PKCS#12 files.'),
  ...jsonFlag,
};

type ShowInvocation = Invocation<typeof flags>;

/** The command `cert show`. */
export const certShow = defineCommand({
  name: 'cert show',
  summary: 'Shows certificates: names, validity, thumbprints, what they can be used for, and who signed whom',
  description: [
    'Reads PEM with any number of certificates, DER and PKCS#12, and looks at all files together, so that a chain shows even when its parts are in several files. Private keys are never shown.',
    'Thumbprints are without colons, as IoT Hub and the portals take them. The exit code is 1 when a file holds no certificate that can be read.',
  ],
  operand: { term: '<file...>', description: 'Files with certificates.' },
  flags,
  examples: [
    {
      does: "Show a device's certificate with its chain up to the root",
      line: 'azure-iot-x509 cert show certificates/pump-2-chain.crt certificates/root.crt',
    },
    {
      does: 'The thumbprint alone, for a script',
      line: "azure-iot-x509 cert show device.crt --json | jq -r '.certificates[0].thumbprint.sha256'",
    },
  ],
  run: showCertificates,
});

/** A certificate, once, with every file that holds it. */
interface Shown {
  readonly facts: CertificateFacts;
  readonly description: CertificateDescription;
  readonly files: readonly string[];
}

/** A certificate that expires within fewer days is shown in yellow. */
const SOON_DAYS = 30;

async function showCertificates(invocation: ShowInvocation): Promise<number> {
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

/** The passphrase that the flags name, tried once per file; without it a prompt at a terminal. */
async function passphrases({ values, io }: ShowInvocation): Promise<PassphraseFor> {
  const named = await readPassphrase({ variable: values.passphraseEnv, file: values.passphraseFile }, io);
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
