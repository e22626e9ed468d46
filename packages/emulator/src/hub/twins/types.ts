import type { JsonObject } from '../../protocol/json';

/**
 * The twin of a device or module as the service sees it. A snapshot: read it again to see changes.
 *
 * Besides the properties, `desired` and `reported` hold `$version`, which counts their changes, and `$metadata` with
 * the time of each property's last change. A device that reads its twin gets both without `$metadata`, and no tags.
 */
export interface DeviceTwin {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Changes with each change of the twin. It serves for conditional updates. */
  readonly etag: string;
  /** Counts the changes of tags, desired and reported properties. */
  readonly version: number;
  /** The status of the device, also in the twin of a module. */
  readonly status: 'enabled' | 'disabled';
  readonly statusReason?: string;
  readonly statusUpdateTime?: Date;
  readonly connectionState: 'Connected' | 'Disconnected';
  readonly lastActivityTime?: Date;
  /** 0 for a module. */
  readonly cloudToDeviceMessageCount: number;
  readonly authenticationType: 'selfSigned' | 'certificateAuthority';
  readonly x509Thumbprint: {
    readonly primaryThumbprint: string | null;
    readonly secondaryThumbprint: string | null;
  };
  readonly modelId?: string;
  readonly tags: JsonObject;
  readonly properties: { readonly desired: JsonObject; readonly reported: JsonObject };
}

/** A service's change of a twin. */
export interface TwinChange {
  /** Not visible to the device. At most 8 KB, counted as the service does. */
  tags?: JsonObject;
  /** Desired properties: at most 32 KB. `$version` and `$metadata` may be present and are ignored. */
  properties?: { desired?: JsonObject };
}
