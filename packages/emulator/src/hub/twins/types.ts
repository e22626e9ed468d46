import type { JsonObject } from '../../protocol/json';

/**
 * The twin of a device or module as the service sees it. A snapshot: read it again to see changes.
 *
 * `desired` and `reported` hold, besides the properties, `$version`, which counts their changes, and `$metadata`, which
 * says when each property last changed. A device that reads its twin gets both without `$metadata`, and no tags.
 */
export interface DeviceTwin {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Another one after each change of the twin, for conditional updates. */
  readonly etag: string;
  /** Counts the changes of tags, desired and reported properties. */
  readonly version: number;
  /** Of the device, also in the twin of a module. */
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
  /** Not visible to the device. At most 8 KB, by the service's way of counting. */
  tags?: JsonObject;
  /** Desired properties: at most 32 KB. `$version` and `$metadata` may be given back and are not looked at. */
  properties?: { desired?: JsonObject };
}
