import { randomInt } from 'node:crypto';

/** The entity tag of an identity: Base64 of random digits. */
export function newIdentityEtag(): string {
  return Buffer.from(String(randomInt(100_000_000, 1_000_000_000))).toString('base64');
}

/** An ID that tells identities of the same name apart: the moment in ticks of 100 nanoseconds since the year 1, as IoT Hub has it. */
export function newGenerationId(): string {
  const ticksBefore1970 = 621_355_968_000_000_000n;
  // The clock has milliseconds only.
  return String(ticksBefore1970 + BigInt(Date.now()) * 10_000n + BigInt(randomInt(10_000)));
}
