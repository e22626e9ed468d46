import type { Output } from '../../output/output';

interface Added {
  readonly name: string;
  readonly isVerified: boolean;
  readonly verificationCode?: string;
}

/** Shows an authority that was added, and how to prove that its key is there. */
export function reportAdded(output: Output, added: Added, verifyWith: string): void {
  const { name, isVerified, verificationCode } = added;
  output.result({
    json: added,
    text: () =>
      isVerified || verificationCode === undefined
        ? [`${name} is verified.`]
        : [
            `${name} is uploaded and not verified yet. Verification code:`,
            verificationCode,
            'Prove that its key is yours:',
            `  azure-iot-x509 cert verification --code ${verificationCode} --ca CERTIFICATE --ca-key KEY`,
            `  azure-iot-x509 ${verifyWith} ${name} certificates/verification.crt`,
          ],
  });
}
