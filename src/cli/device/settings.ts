import type { EnrollmentKind } from 'azure-iot-certificates';
import type { TransportKind } from '../../options/types';

/** What a device needs to connect, by the names of the library's options. Every path can be opened as it is. */
export interface DeviceSettings {
  readonly enrollment?: EnrollmentKind | undefined;
  readonly idScope?: string | undefined;
  readonly globalEndpoint?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly chainFile?: string | undefined;
  /** Name of the environment variable with the passphrase of the key; never the passphrase. */
  readonly passphraseEnv?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly registrationId?: string | undefined;
  readonly modelId?: string | undefined;
  readonly payload?: unknown;
  readonly caFile?: string | undefined;
  readonly transport?: TransportKind | undefined;
  readonly timeoutMs?: number | undefined;
  readonly assignmentFile?: string | undefined;
  readonly skipChecks?: readonly string[] | undefined;
}

/** The name of one setting. */
export type SettingName = keyof DeviceSettings;
