import type { DeviceClientOptions } from 'azure-iot-device';
import { HubLink, type HubTarget, type MethodAnswerer } from '../hub/link';
import type { HubTransportFactory } from '../hub/sdk-transport';
import type { Registration } from '../options/registration';
import type { Device } from '../provisioning/device';
import type { DpsClient } from '../provisioning/dps-client';

/** The collaborators and settings of a {@link Route}. */
export interface RouteInit {
  readonly dps: DpsClient;
  readonly createTransport: HubTransportFactory;
  readonly keepAliveSeconds: number;
  /** The options of the SDK's transport, which the client may change. */
  readonly client: { readonly sdkOptions: DeviceClientOptions };
  readonly methods: MethodAnswerer;
}

/** A device's way to its hub. Both steps reject with a `DeviceError`, or with the signal's reason. */
export class Route {
  readonly #init: RouteInit;

  constructor(init: RouteInit) {
    this.#init = init;
  }

  /** Registers the device with DPS. */
  register(device: Device, signal: AbortSignal): Promise<Registration> {
    return this.#init.dps.register(device, signal);
  }

  /** Connects the device to the hub that it was assigned to. */
  connect(device: Device, registration: Registration, signal: AbortSignal): Promise<HubLink> {
    const { createTransport, keepAliveSeconds, client, methods } = this.#init;
    const { sdkOptions } = client;
    const options = { transport: device.transport, keepAliveSeconds, sdkOptions, createTransport, methods };
    return HubLink.open(hubTarget(device, registration), options, signal);
  }
}

/** The hub that the device was assigned to, and the device's name and credentials there. */
export function hubTarget(device: Device, { assignedHub, deviceId }: Registration): HubTarget {
  const { enrollment, material, roots, proxyFor } = device;
  return { host: assignedHub, deviceId, enrollment, x509: material.toX509(), ca: roots, proxyFor };
}
