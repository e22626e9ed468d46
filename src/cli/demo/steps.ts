import { disconnect, exchangeTwin, invokeMethod, sendCloudToDevice, sendTelemetry } from './exchanging';
import { connect, enroll, makeCertificates } from './preparing';
import type { StepName } from './report';
import type { Walk } from './walk';

/** One step of a kind. */
export interface DemoStep {
  /** What goes on while one waits. */
  readonly doing: string;
  /** Resolves, with what happened in words, when the service side has seen it. Ends when the signal aborts. */
  readonly run: (walk: Walk, signal: AbortSignal) => Promise<string>;
}

/** The eight steps. */
export const DEMO_STEPS: Readonly<Record<StepName, DemoStep>> = {
  certificates: { doing: 'making keys and certificates', run: makeCertificates },
  enroll: { doing: 'enrolling the certificate', run: enroll },
  connect: { doing: 'registering with DPS, then connecting to the hub', run: connect },
  telemetry: { doing: 'sending a message to the hub', run: sendTelemetry },
  'cloud-to-device': { doing: 'sending a message to the device', run: sendCloudToDevice },
  'direct method': { doing: 'calling a method of the device', run: invokeMethod },
  'device twin': { doing: 'exchanging settings by the device twin', run: exchangeTwin },
  disconnect: { doing: 'closing the connection', run: disconnect },
};
