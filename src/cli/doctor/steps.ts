import type { Step } from './step';
import { clock } from './steps/clock';
import { credentials } from './steps/credentials';
import { features } from './steps/features';
import { hubConnection, telemetry } from './steps/hub';
import { nameResolution } from './steps/name';
import { port } from './steps/port';
import { proxy } from './steps/proxy';
import { registration } from './steps/registration';
import { tls } from './steps/tls';

/** The steps from a device to its hub, in order. */
export const STEPS: readonly Step[] = [
  credentials,
  clock,
  proxy,
  nameResolution('dps', 'DPS name', ['proxy']),
  port('dps', 'DPS port', ['dps-name']),
  tls('dps', 'DPS TLS', ['clock', 'dps-port']),
  registration,
  nameResolution('hub', 'hub name', ['registration']),
  port('hub', 'hub port', ['hub-name']),
  tls('hub', 'hub TLS', ['hub-port']),
  hubConnection,
  telemetry,
  features,
];
