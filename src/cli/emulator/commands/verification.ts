import { shellWord } from '../../../credentials/text';
import { flagTable } from '../../flags/spec';
import type { Output } from '../../output/output';
import { UsageError } from '../../usage-error';
import { controlFlags } from '../flags';

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
  /** The command that takes the proof. */
  readonly verifyWith: string;
  readonly printCode: boolean;
}

/** Shows an authority that was added, and how to prove that its key is there. */
export function reportAdded(output: Output, added: Added, { file, verifyWith, printCode }: Reporting): void {
  const { name, isVerified, verificationCode } = added;
  output.result({
    json: added,
    text: () => {
      if (isVerified || verificationCode === undefined) return [`${name} is verified.`];
      if (printCode) return [verificationCode];
      return [
        `${name} is uploaded and not verified yet. Verification code:`,
        verificationCode,
        'Prove that its key is yours:',
        `  azure-iot-x509 cert verification --code ${verificationCode} --ca ${shellWord(file)} --ca-key KEY`,
        `  azure-iot-x509 ${verifyWith} ${shellWord(name)} certificates/verification.crt`,
      ];
    },
  });
}
