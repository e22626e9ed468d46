/* eslint-disable @typescript-eslint/no-require-imports --
   The SDK costs more than a hundred milliseconds and is loaded when a call first needs it. `require` is the one way
   to load it late that works from CommonJS, from bundlers and under Jest alike. */
import type * as MqttBaseSdk from 'azure-iot-mqtt-base';
import type * as ProvisioningSdk from 'azure-iot-provisioning-device';
import type {
  ProvisioningDeviceClient,
  RegistrationResult,
  X509ProvisioningTransport,
} from 'azure-iot-provisioning-device';
import type * as ProvisioningMqttSdk from 'azure-iot-provisioning-device-mqtt';
import type * as SecuritySdk from 'azure-iot-security-x509';
import type { WireError } from '../errors/wire-error';
import type { ConnectTurns } from '../network/connect-turns';
import { abortable } from '../network/deadline';
import { loadInTurns } from '../network/sdk-mqtt-client';
import { transportUri } from '../network/stream';
import { Wire, type WireOptions } from '../network/wire';
import type { TransportKind } from '../options/types';
import { DpsResponses, type DpsResponse } from './sdk-dps-responses';

const load = {
  provisioning: () => require('azure-iot-provisioning-device') as typeof ProvisioningSdk,
  provisioningMqtt: () => require('azure-iot-provisioning-device-mqtt') as typeof ProvisioningMqttSdk,
  mqttBase: () => require('azure-iot-mqtt-base') as typeof MqttBaseSdk,
  securityX509: () => require('azure-iot-security-x509') as typeof SecuritySdk,
};

/** One registration with DPS. */
export interface RegistrationRequest {
  /** Host name, optionally with a port. */
  host: string;
  idScope: string;
  registrationId: string;
  x509: { cert: string; key: string };
  payload: Readonly<Record<string, unknown>> | undefined;
  transport: TransportKind;
  /** The device's turns to connect. */
  turns: ConnectTurns;
  wire: Omit<WireOptions, 'filter' | 'endsWithSession' | 'needsSubscriptions'>;
  /** Gets each answer of the service as it comes. */
  onResponse(response: DpsResponse): void;
}

/** The SDK does not export the type by name. */
type RegistrationClient = ReturnType<typeof ProvisioningDeviceClient.create>;

/** A failed registration, with the last response of DPS and the error of the connection. */
export class RegistrationFailure extends Error {
  /** The last answer of the service, if there was one. */
  readonly response: DpsResponse | undefined;
  /** The error that ended the connection, if the connection ended before the service had answered. */
  readonly wireError: WireError | undefined;

  constructor(cause: unknown, response: DpsResponse | undefined, wireError: WireError | undefined) {
    super('The registration failed.', { cause });
    this.name = 'RegistrationFailure';
    this.response = response;
    this.wireError = wireError;
  }
}

/** Makes the transport of the SDK's `ProvisioningDeviceClient`. Tests give one of their own. */
export type ProvisioningTransportFactory = (
  request: RegistrationRequest,
  wire: Wire,
) => X509ProvisioningTransport | Promise<X509ProvisioningTransport>;

/**
 * Registers through the SDK's `X509Security` and `ProvisioningDeviceClient`. Always settles when the connection ends or
 * `signal` aborts, and leaves no socket behind.
 *
 * @throws RegistrationFailure, or `signal.reason`
 */
export async function runRegistration(
  request: RegistrationRequest,
  createTransport: ProvisioningTransportFactory,
  signal: AbortSignal,
): Promise<RegistrationResult> {
  const endTurn = await request.turns.toConnect(request.host, signal);
  const responses = new DpsResponses();
  const wire = new Wire({
    ...request.wire,
    endsWithSession: true,
    needsSubscriptions: true,
    filter: (topic, payload) => {
      const message = responses.filter(topic, payload);
      if (responses.last) request.onResponse(responses.last);
      return message;
    },
  });
  wire.once('connect', endTurn);
  let registration: RegistrationClient | undefined;
  try {
    const transport = await createTransport(request, wire);
    signal.throwIfAborted();
    registration = createRegistration(request, transport);
    return await abortable(untilLost(runToEnd(registration), wire, responses), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const ended = responses.isFinal || isOurs(wire) ? undefined : wire.error;
    throw new RegistrationFailure(error, responses.last, ended);
  } finally {
    endTurn();
    wire.fail({ kind: 'closed' });
    if (registration) stopPolling(registration);
  }
}

/**
 * The SDK's transport. The connection is opened first, and the SDK is loaded while the server's answers are under way.
 */
export async function createSdkProvisioningTransport(
  { host, transport: kind, x509 }: RegistrationRequest,
  wire: Wire,
): Promise<X509ProvisioningTransport> {
  wire.dial(transportUri(kind, host), x509);
  await loadInTurns([load.mqttBase, load.provisioningMqtt, load.securityX509]);
  const { MqttBase } = load.mqttBase();
  const { Mqtt, MqttWs } = load.provisioningMqtt();
  const base = new MqttBase(wire);
  const transport = new (kind === 'mqtt-ws' ? MqttWs : Mqtt)(
    // The DPS transport is typed for an earlier patch release of mqtt-base, whose private members differ in name only.
    base as unknown as ConstructorParameters<typeof Mqtt>[0],
  );
  // The SDK's handler for a lost connection calls a callback that does not exist. The exception would end the process.
  // `runRegistration` watches the wire itself.
  base.removeAllListeners('error');
  base.on('error', ignore);
  transport.on('error', ignore);
  return transport;
}

function createRegistration(
  request: RegistrationRequest,
  transport: X509ProvisioningTransport,
): RegistrationClient {
  const { ProvisioningDeviceClient } = load.provisioning();
  const { X509Security } = load.securityX509();
  const security = new X509Security(request.registrationId, request.x509);
  const client = ProvisioningDeviceClient.create(request.host, request.idScope, transport, security);
  if (request.payload) client.setProvisioningPayload(request.payload);
  return client;
}

function runToEnd(registration: RegistrationClient): Promise<RegistrationResult> {
  return new Promise((resolve, reject) => {
    // With a callback nothing is returned; the SDK's type says otherwise because the callback is optional.
    void registration.register((error, result) => {
      if (error) reject(error);
      else if (result) resolve(result);
      else reject(new Error('the SDK returned no registration result'));
    });
  });
}

/**
 * The SDK settles by itself after a final answer, even when the service drops the connection behind it, as DPS does
 * after a 401. Without a final answer it would wait for 30 seconds or for ever.
 */
function untilLost<T>(run: Promise<T>, wire: Wire, responses: DpsResponses): Promise<T> {
  return new Promise((resolve, reject) => {
    run.then(resolve, reject);
    const onLost = () => {
      if (!responses.isFinal && !isOurs(wire)) reject(wire.over.reason as Error);
    };
    if (wire.over.aborted) onLost();
    else wire.over.addEventListener('abort', onLost, { once: true });
  });
}

/** Tells whether this side ended the connection. The SDK does so at its own time-out, and reports that itself. */
function isOurs(wire: Wire): boolean {
  return wire.error?.failure.kind === 'closed';
}

/**
 * The SDK's own `cancel` stops the transport but not the state machine above it, whose timers would keep the process
 * alive for up to the `retry-after` of the service. Only the `cancel` of that private state machine clears them.
 */
function stopPolling(registration: RegistrationClient): void {
  const { _pollingStateMachine } = registration as {
    _pollingStateMachine?: { cancel(callback: () => void): void };
  };
  _pollingStateMachine?.cancel(ignore);
}

function ignore(): void {
  // The wire has the reason of its end.
}
