import type { Step } from '../step';
import { clock } from './clock';
import { credentials } from './credentials';
import { hubConnection } from './hub-connection';
import { nameResolution } from './name-resolution';
import { port } from './port';
import { proxy } from './proxy';
import { registration } from './registration';
import { serverTime } from './server-time';
import { telemetry } from './telemetry';
import { tls } from './tls';

/** The way of a device to its hub, in its order. */
export const STEPS: readonly Step[] = [
  credentials,
  clock,
  proxy,
  nameResolution('dps', 'DPS name', ['proxy']),
  port('dps', 'DPS port', ['dps-name']),
  tls('dps', 'DPS TLS', ['clock', 'dps-port']),
  serverTime,
  registration,
  nameResolution('hub', 'hub name', ['registration']),
  port('hub', 'hub port', ['hub-name']),
  tls('hub', 'hub TLS', ['hub-port']),
  hubConnection,
  telemetry,
];
