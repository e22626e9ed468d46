import { randomInt } from 'node:crypto';

/** The entity tag of an identity: Base64 of random digits. */
export function newIdentityEtag(): string {
  return Buffer.from(String(randomInt(100_000_000, 1_000_000_000))).toString('base64');
}

/**
 * A generation ID, which distinguishes identities of the same name: the time in ticks of 100 nanoseconds since the year
 * 1, as in IoT Hub.
 */
export function newGenerationId(): string {
  const ticksBefore1970 = 621_355_968_000_000_000n;
  // The clock has only milliseconds.
  return String(ticksBefore1970 + BigInt(Date.now()) * 10_000n + BigInt(randomInt(10_000)));
}
