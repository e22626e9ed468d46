/**
 * A call of the emulator's service side (enrollments, devices, methods, messages) was refused, the way the service's
 * own API would refuse it.
 *
 * `code` is the service's six-digit code, whose first three digits are the HTTP status: 400004 argument invalid,
 * 403004 queue full, 404001 device not found, 404103 device not online, 404201 enrollment not found, 404204 enrollment
 * group not found, 409001 exists already, 504101 no answer in time.
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
  argumentInvalid: 400004,
  maximumQueueDepthExceeded: 403004,
  deviceNotFound: 404001,
  certificateNotFound: 404008,
  deviceNotOnline: 404103,
  deviceConnectionClosedRemotely: 404104,
  enrollmentNotFound: 404201,
  enrollmentGroupNotFound: 404204,
  alreadyExists: 409001,
  messageTooLarge: 413001,
  badGateway: 502000,
  gatewayTimeout: 504101,
} as const;

/** An argument of a service call is wrong. */
export function invalidArgument(message: string): EmulatorError {
  return new EmulatorError(SERVICE_ERROR.argumentInvalid, message);
}
