import type { RegistrationResult } from 'azure-iot-provisioning-device';
import createDebug from 'debug';
import { ProvisioningError } from '../errors';
import type { Registration } from '../options/registration';
import type { DpsResponse } from './sdk-dps-responses';
import { register, type ProvisioningTransportFactory } from './sdk-register';
import type { Device } from './device';
import { toProvisioningError, type ProvisioningPeer } from './provisioning-error';

const debug = createDebug('azure-iot-x509:provisioning');

/** For name resolution, TCP, TLS and CONNACK together. Below the 30 s of the SDK, which would not say what happened. */
export const CONNECT_TIMEOUT_MS = 25_000;
/** For one acknowledgement. */
export const ACKNOWLEDGE_TIMEOUT_MS = 25_000;
/** DPS connections are short; this only serves to notice a dead one. */
const DPS_KEEP_ALIVE_SECONDS = 30;

export interface RegisterSettings {
  /** Aborts the registration; the call rejects with its reason. */
  signal: AbortSignal;
  onResponse?: ((response: DpsResponse) => void) | undefined;
  /** For tests. */
  createTransport?: ProvisioningTransportFactory | undefined;
}

/** One registration of the device with DPS. */
export async function registerDevice(device: Device, settings: RegisterSettings): Promise<Registration> {
  const { signal, onResponse, createTransport } = settings;
  const request = {
    host: device.globalEndpoint,
    idScope: device.idScope,
    registrationId: device.registrationId,
    x509: device.material.toX509(),
    payload: device.payload,
    transport: device.transport,
    wire: {
      ca: device.roots,
      proxy: device.proxyFor(device.globalEndpoint),
      keepAliveSeconds: DPS_KEEP_ALIVE_SECONDS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      acknowledgeTimeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
    },
    onResponse,
  };
  debug('%s: registering at %s in %s', device.registrationId, device.globalEndpoint, device.idScope);
  let result: RegistrationResult;
  try {
    result = await register(request, signal, createTransport);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw toProvisioningError(error, dpsPeer(device));
  }
  const registration = toRegistration(result, device);
  debug('%s: assigned to %s as %s', device.registrationId, registration.assignedHub, registration.deviceId);
  return registration;
}

/** DPS as the errors of this device name it. */
export function dpsPeer(device: Device): ProvisioningPeer {
  const { certificate, chain } = device.material;
  return {
    service: 'dps',
    host: device.globalEndpoint,
    idScope: device.idScope,
    registrationId: device.registrationId,
    enrollment: device.enrollment,
    chainEndsAt: (chain.at(-1) ?? certificate).issuer.replaceAll('\n', ', '),
  };
}

function toRegistration(result: RegistrationResult, device: Device): Registration {
  const { assignedHub, deviceId } = result;
  // The SDK passes on whatever JSON the service sent.
  if (!isName(assignedHub) || !isName(deviceId)) {
    throw new ProvisioningError({
      code: 'INVALID_RESPONSE',
      message: `The Device Provisioning Service assigned ${device.registrationId} without naming a hub and a device.`,
      remedy: 'Try again. If it happens again, check that the endpoint is a Device Provisioning Service.',
      isTransient: true,
    });
  }
  const fields = result as Record<string, unknown>;
  return {
    registrationId: device.registrationId,
    deviceId,
    assignedHub,
    status: 'assigned',
    ...text(fields, 'substatus'),
    ...(fields['payload'] !== undefined && { payload: fields['payload'] }),
    ...text(fields, 'createdDateTimeUtc'),
    ...text(fields, 'lastUpdatedDateTimeUtc'),
    ...text(fields, 'etag'),
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function text<Name extends string>(
  fields: Record<string, unknown>,
  name: Name,
): Partial<Record<Name, string>> {
  const value = fields[name];
  return typeof value === 'string' ? ({ [name]: value } as Record<Name, string>) : {};
}
