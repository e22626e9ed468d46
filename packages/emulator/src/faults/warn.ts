import type { Fault } from './types';

/** Tells by a warning of the process what a fault could not do, for nobody waits for it. */
export function warn({ init }: Fault, what: string, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  process.emitWarning(`The fault at ${init.at} ${what}: ${text}`, { code: 'AZURE_IOT_X509_EMULATOR_FAULT' });
}
