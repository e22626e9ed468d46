/** Option `fileUploads` of `startEmulator`: how hubs keep the files that devices upload. */
export interface FileUploadOptions {
  /**
   * A folder for the files, each at `{directory}/{hub}/{device}/{blob}` with names percent-encoded. Made when the first
   * file comes, readable by its owner only. Names that a file system cannot hold are refused. Default: memory only.
   */
  directory?: string;
  /**
   * What one hub keeps of files, in bytes. In memory the oldest files make room for new ones; in a directory nothing is
   * removed, and what does not fit is answered with HTTP status 507. Default 256 MB in memory, no limit in a directory.
   */
  maxBytes?: number;
  /**
   * How long a device may take from its request for an upload to the upload's end, in seconds, 1 to 86 400. Default 3600,
   * as in Azure.
   */
  sasTtlSeconds?: number;
}

/** A file that a device has uploaded. */
export interface UploadedFile {
  readonly deviceId: string;
  /** The name that the device gave. Azure puts the device ID and a slash in front. */
  readonly blobName: string;
  readonly blobSizeInBytes: number;
  readonly lastUpdatedTime: Date;
}

/** What a device has said about the end of an upload, and what the hub knows of the file. */
export type FileUploadNotification = Pick<UploadedFile, 'deviceId' | 'blobName'> & {
  /** Where the file is; only the device that uploads it can reach it there, and only to write. */
  readonly blobUri: string;
  readonly enqueuedTimeUtc: Date;
  /** As the device gave it: usually the HTTP status of the upload. */
  readonly statusCode?: number;
  /** As the device gave it. */
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
