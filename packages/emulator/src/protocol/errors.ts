/**
 * A call of the emulator's service side (enrollments, devices, methods, messages) was refused, as the service's own
 * API would refuse it.
 *
 * `code` is the service's six-digit code, whose first three digits are the HTTP status: 400004 argument invalid, 403004
 * queue full, 404000 no such file, 404001 device not found, 404010 module not found, 404103 device not online, 404201
 * enrollment not found, 404204 enrollment group not found, 409001 exists already, 412001 etag or version differs,
 * 504101 no answer in time.
 */
export class EmulatorError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'EmulatorError';
    this.code = code;
  }
}

/** The codes that the emulator's service side rejects with, by their names in the service's documentation. */
export const SERVICE_ERROR = {
  invalidProtocolVersion: 400001,
  argumentInvalid: 400004,
  formatError: 400006,
  quotaExceeded: 403002,
  maximumQueueDepthExceeded: 403004,
  maximumActiveFileUploadsExceeded: 403006,
  genericNotFound: 404000,
  deviceNotFound: 404001,
  certificateNotFound: 404008,
  moduleNotFound: 404010,
  deviceNotOnline: 404103,
  deviceConnectionClosedRemotely: 404104,
  enrollmentNotFound: 404201,
  enrollmentGroupNotFound: 404204,
  alreadyExists: 409001,
  preconditionFailed: 412001,
  messageTooLarge: 413001,
  tooManyDevices: 413002,
  badGateway: 502000,
  gatewayTimeout: 504101,
} as const;

/** An argument of a service call is wrong. */
export function invalidArgument(message: string): EmulatorError {
  return new EmulatorError(SERVICE_ERROR.argumentInvalid, message);
}
