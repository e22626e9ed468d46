import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer } from '../../devices/https/exchange';

/** Errors of Azure Storage that the blob endpoint answers with: HTTP status and text, by code. */
const ERRORS = {
  AuthenticationFailed: [403, 'The signature is not valid for this blob, or has expired.'],
  AuthorizationPermissionMismatch: [403, 'The signature allows to write and nothing else.'],
  BlobAlreadyExists: [409, 'The blob exists already.'],
  BlockCountExceedsLimit: [409, 'The blob has as many blocks as it may have.'],
  InsufficientStorage: [507, 'There is no room for this file.'],
  InternalError: [500, 'The emulator has a defect.'],
  InvalidBlockId: [400, 'A block ID is base64 of at most 64 bytes, and as long as the others of its blob.'],
  InvalidBlockList: [400, 'The list names a block that was not uploaded.'],
  InvalidHeaderValue: [400, 'A header has a value that it cannot have.'],
  InvalidXmlDocument: [400, 'The body is not a block list.'],
  Md5Mismatch: [400, 'The content does not match its MD5.'],
  MissingContentLengthHeader: [411, 'The request has no Content-Length.'],
  MissingRequiredHeader: [400, 'The request has no x-ms-blob-type.'],
  RequestBodyTooLarge: [413, 'The file is larger than the emulator keeps.'],
  UnsupportedQueryParameter: [400, 'The operation is not emulated.'],
  UnsupportedHttpVerb: [405, 'The method is not emulated.'],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

/** The service version in answers. The client's version has no effect. */
const VERSION = '2021-12-02';

/** A request to the blob endpoint was refused. */
export class StorageError extends Error {
  readonly code: keyof typeof ERRORS;

  constructor(code: keyof typeof ERRORS) {
    super(ERRORS[code][1]);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** The headers of every answer of Azure Storage. */
export function storageHeaders(): OutgoingHttpHeaders {
  return { 'x-ms-request-id': randomUUID(), 'x-ms-version': VERSION };
}

export function refuseStorage({ code, message }: StorageError): Answer {
  return {
    status: ERRORS[code][0],
    headers: { ...storageHeaders(), 'content-type': 'application/xml', 'x-ms-error-code': code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}
