import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { decodePath, readBody, type Answer } from '../../devices/https/exchange';
import { errorBody, httpStatus } from '../../protocol/error-body';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { isJsonObject, parseJson, type JsonObject } from '../../protocol/json';
import { isBlobName } from './file-names';
import type { Upload, Uploads } from './uploads';

/** The longest body of a request to the hub, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** The codes that IoT Hub sends over HTTPS only. */
const CODES = {
  genericBadRequest: 400000,
  unauthorizedAccess: 401002,
  unauthorized: 401003,
} as const;

/** The check whether a device may upload files. */
export interface UploadAccess {
  /** The reason for refusing a device, for its log; `undefined` when it may upload. */
  refusal(deviceId: string, certificates: readonly X509Certificate[]): string | undefined;
  hasDevice(deviceId: string): boolean;
}

/** A device's notification of the end of an upload. */
export interface Completion {
  readonly isSuccess: boolean;
  readonly statusCode: number | undefined;
  readonly statusDescription: string | undefined;
}

/** The parts of the upload requests to a hub. */
export interface HubRequestsInit {
  readonly access: UploadAccess;
  readonly uploads: Uploads;
  readonly canHold: (deviceId: string, blobName: string) => boolean;
  /** The answer to a request for an upload. */
  readonly describe: (upload: Upload) => JsonObject;
  readonly completed: (upload: Upload, completion: Completion) => void;
}

const PATH =
  /^\/devices\/(?<device>[^/]+)\/files(?<notifications>\/notifications(?:\/(?<correlation>[^/]+))?)?$/;

/** Tells whether a path belongs to the hub's API and not to a blob. */
export function isHubPath(path: string): boolean {
  return path.startsWith('/devices/');
}

function json(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/** IoT Hub: the details are JSON in a string of JSON, as seen in logs of file uploads. */
export function refuse({ code, message }: EmulatorError): Answer {
  const body = JSON.stringify({ Message: errorBody(code, message), ExceptionMessage: '' });
  return json(httpStatus(code), body);
}

/** The two requests of a file upload to the hub: the one for a blob URI, and the notification of the end. */
export class HubRequests {
  readonly #init: HubRequestsInit;

  constructor(init: HubRequestsInit) {
    this.#init = init;
  }

  /** @throws EmulatorError with the code of the refusal */
  async handle(
    request: IncomingMessage,
    url: URL,
    certificates: readonly X509Certificate[],
  ): Promise<Answer> {
    const { device, notifications, correlation } = PATH.exec(url.pathname)?.groups ?? {};
    const deviceId = decodePath(device ?? '');
    if (device === undefined || deviceId === undefined || request.method !== 'POST') {
      throw new EmulatorError(
        SERVICE_ERROR.genericNotFound,
        `There is nothing to ${request.method ?? ''} here`,
      );
    }
    if (!url.searchParams.has('api-version')) {
      throw new EmulatorError(SERVICE_ERROR.invalidProtocolVersion, 'The query has no api-version');
    }
    this.#authorize(deviceId, request, certificates);
    const body = await this.#readJson(request);
    if (notifications === undefined) return this.#begin(deviceId, body);
    return this.#end(
      deviceId,
      correlation === undefined ? body['correlationId'] : decodePath(correlation),
      body,
    );
  }

  #authorize(deviceId: string, { headers }: IncomingMessage, certificates: readonly X509Certificate[]): void {
    const { access } = this.#init;
    if (headers.authorization !== undefined) {
      throw new EmulatorError(CODES.unauthorizedAccess, 'Shared access signatures are not emulated');
    }
    if (certificates.length === 0) {
      throw new EmulatorError(CODES.unauthorizedAccess, 'The device sent no certificate');
    }
    if (!access.hasDevice(deviceId)) {
      throw new EmulatorError(SERVICE_ERROR.deviceNotFound, `Device ${deviceId} not registered`);
    }
    const refusal = access.refusal(deviceId, certificates);
    if (refusal !== undefined) throw new EmulatorError(CODES.unauthorized, refusal);
  }

  async #readJson(request: IncomingMessage): Promise<JsonObject> {
    const body = await readBody(request, MAX_BODY_BYTES);
    if (body === undefined) {
      throw new EmulatorError(SERVICE_ERROR.messageTooLarge, `The body exceeds ${MAX_BODY_BYTES} bytes`);
    }
    const value = parseJson(body.toString());
    if (!isJsonObject(value))
      throw new EmulatorError(SERVICE_ERROR.formatError, 'The body is not a JSON object');
    return value;
  }

  async #begin(deviceId: string, { blobName }: JsonObject): Promise<Answer> {
    const { canHold, uploads, describe } = this.#init;
    if (!isBlobName(blobName) || !canHold(deviceId, blobName)) {
      throw invalidArgument('blobName is not a name for a blob');
    }
    return json(200, JSON.stringify(describe(await uploads.begin(deviceId, blobName))));
  }

  async #end(deviceId: string, correlationId: unknown, body: JsonObject): Promise<Answer> {
    const { uploads, completed } = this.#init;
    const completion = readCompletion(body);
    const upload = typeof correlationId === 'string' ? uploads.find(deviceId, correlationId) : undefined;
    if (upload === undefined) throw invalidArgument('correlationId is not one of an upload of this device');
    // Inferred: a hub that does not find the blob answers 400, and the upload stays open.
    if (completion.isSuccess && upload.file === undefined) {
      throw new EmulatorError(CODES.genericBadRequest, `Nothing was uploaded as ${upload.blobName}`);
    }
    await uploads.end(upload);
    completed(upload, completion);
    return { status: 204 };
  }
}

function readCompletion({ isSuccess, statusCode, statusDescription }: JsonObject): Completion {
  if (typeof isSuccess !== 'boolean') throw invalidArgument('isSuccess is neither true nor false');
  return {
    isSuccess,
    statusCode: typeof statusCode === 'number' ? statusCode : undefined,
    statusDescription: typeof statusDescription === 'string' ? statusDescription : undefined,
  };
}
