import { resolve } from 'node:path';
import type { Io } from '../../io';
import { flagTable } from '../../flags/spec';
import type { Output } from '../../output/output';
import { commandLine } from '../../shell';
import { UsageError } from '../../usage-error';
import { keyNextTo } from '../connect-line';
import { controlFlags } from '../flags';
import type { Place } from '../place';

/** What commands understand that upload a certificate authority. */
export const authorityFlags = flagTable({
  ...controlFlags,
  verified: {
    type: 'boolean',
    description:
      'Counts as verified at once, as the portal\'s "Set certificate status to verified on upload".',
  },
  printCode: {
    type: 'boolean',
    description: 'Prints the verification code alone, for a script: CODE=$(…).',
  },
});

/** Refuses flags that contradict each other. @throws UsageError */
export function checkAuthorityFlags(values: {
  readonly verified: boolean;
  readonly printCode: boolean;
  readonly json: boolean;
}): void {
  if (!values.printCode) return;
  if (values.verified) throw new UsageError('With --verified there is no code for --print-code.');
  if (values.json) throw new UsageError('Give either --print-code or --json.');
}

interface Added {
  readonly name: string;
  readonly isVerified: boolean;
  readonly verificationCode?: string;
}

interface Reporting {
  /** The certificate that was uploaded. */
  readonly file: string;
  /** The command of the emulator that takes the proof. */
  readonly verifyWith: readonly string[];
  readonly printCode: boolean;
  /** What to do when it is verified. */
  readonly next: readonly string[];
}

interface Reader {
  readonly output: Output;
  readonly io: Pick<Io, 'cwd'>;
  readonly place: Place;
}

/** Shows an authority that was added, and how to prove that its key is there. */
export async function reportAdded(
  { output, io, place }: Reader,
  { name, isVerified, verificationCode }: Added,
  { file, verifyWith, printCode, next }: Reporting,
): Promise<void> {
  const ca = resolve(io.cwd, file);
  const key = (await keyNextTo(ca)) ?? 'KEY';
  output.result({
    json: { name, isVerified, ...(verificationCode !== undefined && { verificationCode }) },
    text: () => {
      if (isVerified || verificationCode === undefined) return [`${name} is verified.`, ...next];
      if (printCode) return [verificationCode];
      return [
        `${name} is uploaded and not verified yet. Verification code:`,
        verificationCode,
        'Prove that its key is yours:',
        `  ${commandLine('cert', 'verification', '--code', verificationCode, '--ca', ca, '--ca-key', key)}`,
        `  ${place.command(...verifyWith, name, 'certificates/verification.crt')}`,
      ];
    },
  });
}
