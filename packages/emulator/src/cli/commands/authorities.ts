import type { AuthorityCertificates } from '../../index';
import { deviceLine, keyNextTo } from '../next-steps/device-line';
import type { Context } from './context';

interface Authority {
  readonly name: string;
  /** The path of its certificate. */
  readonly file: string;
  readonly isVerified: boolean;
  /** The store that generates the verification code. */
  readonly store: Pick<AuthorityCertificates, 'generateVerificationCode'>;
  /** True if the command prints the verification code and nothing else. */
  readonly isCodeAlone: boolean;
  /** The command that takes the proof of possession. */
  readonly verifyWith: readonly string[];
  /** The next steps when the authority is verified. */
  readonly next: readonly string[];
}

/** Shows a certificate authority that was uploaded, and how to prove possession of its key. */
export async function reportAdded({ output, place }: Context, authority: Authority): Promise<void> {
  const { name, file, isVerified, store, isCodeAlone, verifyWith, next } = authority;
  if (isVerified) {
    output.result({ name, isVerified }, () => [`${name} is verified.`, ...next]);
    return;
  }
  const verificationCode = store.generateVerificationCode(name);
  const proof = ['--code', verificationCode, '--ca', file, '--ca-key', await keyNextTo(file)];
  output.result({ name, isVerified, verificationCode }, () =>
    isCodeAlone
      ? [verificationCode]
      : [
          `${name} is uploaded and not verified yet. Verification code:`,
          verificationCode,
          'Prove that its key is yours:',
          deviceLine('cert', 'verification', ...proof),
          `  ${place.command(...verifyWith, name, 'certificates/verification.crt')}`,
        ],
  );
}
