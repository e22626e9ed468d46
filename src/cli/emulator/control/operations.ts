import type { JsonObject, JsonValue } from 'azure-iot-emulator';

/** How an enrollment or group treats its devices; what is absent is the emulator's default. */
export interface EnrollmentTerms {
  readonly hubs?: readonly string[];
  readonly initialTwin?: JsonObject;
  readonly isDisabled?: boolean;
}

/** A device or one of its modules, and where to look for it. */
export interface Target {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Name of the hub, for a device that several have. */
  readonly hub?: string;
}

/** Where a device finds the emulator. */
export interface Status {
  readonly globalEndpoint: string;
  readonly idScope: string;
  /** The root of the servers' certificates, PEM. */
  readonly ca: string;
  readonly hubs: readonly { readonly name: string; readonly hostName: string }[];
  readonly central: readonly { readonly idScope: string; readonly hostName: string }[];
  readonly processId: number;
}

/** A device as a list shows it. */
interface DeviceRow {
  readonly deviceId: string;
  readonly hub: string;
  readonly status: string;
  readonly connectionState: string;
  readonly modelId?: string;
  readonly waitingMessages: number;
}

/** An enrollment, a group or an authority as a list shows it. */
interface EnrollmentRow {
  readonly kind: 'individual' | 'group' | 'ca';
  readonly id: string;
  readonly status: string;
  /** The device ID, the authority of a group, or the subject of an authority. */
  readonly detail: string;
}

/** A device of IoT Central as a list shows it. */
export interface CentralDeviceRow {
  readonly deviceId: string;
  readonly displayName: string;
  readonly status: string;
  readonly template?: string;
}

/** What can be asked of a running emulator: parameters and result of each operation. */
export interface Operations {
  status: { parameters: object; result: Status };
  stop: { parameters: object; result: object };
  enroll: {
    parameters: EnrollmentTerms & {
      readonly certificate: string;
      readonly secondaryCertificate?: string;
      readonly registrationId?: string;
      readonly deviceId?: string;
    };
    result: { readonly registrationId: string; readonly deviceId: string; readonly status: string };
  };
  group: {
    parameters: EnrollmentTerms & {
      readonly enrollmentGroupId: string;
      readonly certificateName?: string;
      readonly signingCertificate?: string;
    };
    result: { readonly enrollmentGroupId: string; readonly status: string; readonly isVerified: boolean };
  };
  enrollments: { parameters: object; result: readonly EnrollmentRow[] };
  changeEnrollment: {
    parameters: { readonly id: string; readonly action: string; readonly isGroup: boolean };
    result: object;
  };
  addAuthority: {
    parameters: { readonly name: string; readonly certificate: string; readonly isVerified: boolean };
    result: { readonly name: string; readonly isVerified: boolean; readonly verificationCode?: string };
  };
  verifyAuthority: {
    parameters: { readonly name: string; readonly certificate: string };
    result: { readonly name: string };
  };
  centralDevice: {
    parameters: {
      readonly deviceId: string;
      readonly certificate?: string;
      readonly secondaryCertificate?: string;
    };
    result: CentralDeviceRow;
  };
  centralGroup: {
    parameters: { readonly name: string; readonly certificate: string; readonly isVerified: boolean };
    result: { readonly name: string; readonly isVerified: boolean; readonly verificationCode?: string };
  };
  centralVerify: {
    parameters: { readonly name: string; readonly certificate: string };
    result: { readonly name: string };
  };
  centralDevices: { parameters: object; result: readonly CentralDeviceRow[] };
  changeCentralDevice: {
    parameters: { readonly deviceId: string; readonly action: string };
    result: CentralDeviceRow | null;
  };
  centralAutoApprove: { parameters: { readonly isOn: boolean }; result: { readonly isOn: boolean } };
  centralTemplate: {
    parameters: { readonly modelId: string; readonly displayName?: string };
    result: { readonly modelId: string; readonly displayName: string };
  };
  devices: { parameters: object; result: readonly DeviceRow[] };
  changeDevice: { parameters: Target & { readonly action: string }; result: object };
  send: {
    parameters: Target & {
      readonly body: string;
      readonly properties: Readonly<Record<string, string>>;
      readonly isAwaited: boolean;
    };
    result: { readonly messageId: string; readonly outcome?: string };
  };
  invoke: {
    parameters: Target & {
      readonly methodName: string;
      readonly payload: JsonValue;
      readonly responseTimeoutSeconds: number;
      readonly connectTimeoutSeconds: number;
    };
    result: { readonly status: number; readonly payload: JsonValue };
  };
  twin: {
    parameters: Target & { readonly desired?: JsonObject; readonly tags?: JsonObject };
    result: JsonObject;
  };
}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** What a watcher is told: something that happened at a hub. */
export interface WatchEvent {
  readonly event: 'telemetry' | 'connected' | 'disconnected' | 'reported' | 'feedback' | 'file';
  readonly time: string;
  readonly hub: string;
  readonly deviceId: string;
  readonly [detail: string]: JsonValue;
}
