import type { IfMatch } from '../../protocol/etag';

/** A device by its ID, or a device or one of its modules. */
export type HubTarget = string | { readonly deviceId: string; readonly moduleId?: string };

/** The status of a device: `disabled` means that the device must not connect. */
export type DeviceStatus = 'enabled' | 'disabled';

/**
 * Authentication by thumbprint: SHA-1 or SHA-256 of the leaf, in hexadecimal, with or without colons. The leaf's issuer
 * does not matter.
 */
export interface ThumbprintAuthentication {
  /**
   * The service's name for this type, although the certificate need not be self-signed. Always present in results of a
   * hub.
   */
  readonly type?: 'selfSigned';
  readonly primaryThumbprint?: string;
  /** A second thumbprint that is accepted, for the time of a renewal. */
  readonly secondaryThumbprint?: string;
}

/**
 * Authentication by signature: the device's chain leads to a verified authority among the hub's `certificates`, the
 * leaf's common name is the device ID (`deviceId/moduleId` for a module), and all of it is within its validity.
 */
export interface AuthorityAuthentication {
  readonly type: 'certificateAuthority';
  readonly primaryThumbprint?: never;
  readonly secondaryThumbprint?: never;
}

/** The certificates with which a device or module may connect. */
export type DeviceAuthentication = ThumbprintAuthentication | AuthorityAuthentication;

/** The properties of devices and modules. */
export interface IdentityProperties {
  readonly deviceId: string;
  readonly authentication: DeviceAuthentication;
  readonly connectionState: 'Connected' | 'Disconnected';
  /** When the device last connected or disconnected. */
  readonly connectionStateUpdatedTime?: Date;
  /** When the hub last received a packet from the device. */
  readonly lastActivityTime?: Date;
  /** The model ID that the device announced when it last connected. */
  readonly modelId?: string;
  readonly createdTime: Date;
  /** Distinguishes the identity from an earlier or later one with the same ID. */
  readonly generationId: string;
  /** Changes with each change of the identity. */
  readonly etag: string;
}

/** A device's identity at a hub, as the service knows it. A snapshot: read it again to see changes. */
export interface DeviceIdentity extends IdentityProperties {
  readonly status: DeviceStatus;
  readonly statusReason?: string;
  /** When `status` or `statusReason` last changed. */
  readonly statusUpdatedTime?: Date;
  /** Messages to the device that wait or are unacknowledged. */
  readonly cloudToDeviceMessageCount: number;
}

/** A module's identity. It has a twin and methods of its own, and connects on its own while its device is enabled. */
export interface ModuleIdentity extends IdentityProperties {
  readonly moduleId: string;
}

/** The parameters of {@link HubDevices.create}. */
export interface DeviceInit {
  /** Upper and lower case count, unlike in registration IDs. At most 128 characters. */
  deviceId: string;
  /** Default `enabled`. */
  status?: DeviceStatus;
  /** The reason of the status, at most 128 characters. */
  statusReason?: string;
  /** Default: no thumbprint, so the device cannot connect until DPS or `update` gives it one. */
  authentication?: DeviceAuthentication;
}

/** The parameters of {@link HubModules.create}. */
export interface ModuleInit {
  /** The device that the module belongs to, which must exist. */
  deviceId: string;
  /** Upper and lower case count. At most 128 characters. */
  moduleId: string;
  /** Default: no thumbprint. The device's certificates do not authenticate its modules. */
  authentication?: DeviceAuthentication;
}

/** A change of a device. `authentication` is replaced as a whole. */
export type DeviceUpdate = Partial<Omit<DeviceInit, 'deviceId'>>;

/** A change of a module. */
export type ModuleUpdate = Partial<Omit<ModuleInit, 'deviceId' | 'moduleId'>>;

/** The device identities of a hub. */
export interface HubDevices {
  /**
   * @throws EmulatorError 400004 for a malformed ID or thumbprint, 409001 when it exists, 413002 when the hub has a
   *   million devices and modules.
   */
  create(init: DeviceInit): DeviceIdentity;
  get(deviceId: string): DeviceIdentity | undefined;
  list(): readonly DeviceIdentity[];
  /** A connected device stays connected unless it is disabled. @throws EmulatorError 404001, 400004, 412001 */
  update(deviceId: string, update: DeviceUpdate, options?: IfMatch): DeviceIdentity;
  /** Removes the device with its connection, twin, messages and modules. @throws EmulatorError 404001, 412001 */
  delete(deviceId: string, options?: IfMatch): void;
  /** @throws EmulatorError 404001, 400004 */
  enable(deviceId: string, statusReason?: string): DeviceIdentity;
  /** Closes the connections of the device and its modules. @throws EmulatorError 404001, 400004 */
  disable(deviceId: string, statusReason?: string): DeviceIdentity;
}

/** The module identities of a hub. */
export interface HubModules {
  /**
   * @throws EmulatorError 404001 without the device, 400004 for a malformed ID or thumbprint, 409001 when it exists,
   *   413002 when the device has 50 modules.
   */
  create(init: ModuleInit): ModuleIdentity;
  get(deviceId: string, moduleId: string): ModuleIdentity | undefined;
  /** The modules of one device. @throws EmulatorError 404001 */
  list(deviceId: string): readonly ModuleIdentity[];
  /** A connected module stays connected. @throws EmulatorError 404001, 404010, 400004, 412001 */
  update(deviceId: string, moduleId: string, update: ModuleUpdate, options?: IfMatch): ModuleIdentity;
  /** Removes the module with its connection and twin. @throws EmulatorError 404001, 404010, 412001 */
  delete(deviceId: string, moduleId: string, options?: IfMatch): void;
}
