/** A file that a device has uploaded. */
export interface UploadedFile {
  readonly deviceId: string;
  /** The name that the device gave. Azure puts the device ID and a slash in front. */
  readonly blobName: string;
  readonly blobSizeInBytes: number;
  readonly lastUpdatedTime: Date;
}

/** A device's notification of the end of an upload, with the hub's knowledge of the file. */
export type FileUploadNotification = Pick<UploadedFile, 'deviceId' | 'blobName'> & {
  /** The file's URI. Only the uploading device can use it, and only to write. */
  readonly blobUri: string;
  readonly enqueuedTimeUtc: Date;
  /** The status that the device gave: usually the HTTP status of the upload. */
  readonly statusCode?: number;
  /** The description that the device gave. */
  readonly statusDescription?: string;
} & (
    | (Pick<UploadedFile, 'blobSizeInBytes' | 'lastUpdatedTime'> & { readonly isSuccess: true })
    | { readonly isSuccess: false }
  );

/** The files that devices have uploaded to a hub, as the owner of the storage account sees them. */
export interface FileUploads {
  /** The files of the hub, or of one device, oldest first. */
  list(deviceId?: string): Promise<readonly UploadedFile[]>;
  /** Rejects with an EmulatorError 404000 when there is no such file. */
  read(deviceId: string, blobName: string): Promise<Buffer>;
  /** Rejects with an EmulatorError 404000 when there is no such file. */
  delete(deviceId: string, blobName: string): Promise<void>;
}
