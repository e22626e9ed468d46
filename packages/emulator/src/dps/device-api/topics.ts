/** A message of a device to DPS. */
export interface DpsRequest {
  readonly kind: 'register' | 'query-status';
  /** The request ID of the device, to be repeated unchanged. */
  readonly requestId: string;
  readonly operationId?: string;
}

const KINDS = new Map<string, DpsRequest['kind']>([
  ['$dps/registrations/PUT/iotdps-register/', 'register'],
  ['$dps/registrations/GET/iotdps-get-operationstatus/', 'query-status'],
]);

/** The request that a topic stands for; `undefined` for any other topic. */
export function parseRequest(topic: string): DpsRequest | undefined {
  const queryStart = topic.indexOf('?');
  const kind = KINDS.get(topic.slice(0, queryStart));
  if (queryStart === -1 || kind === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of topic.slice(queryStart + 1).split('&')) {
    const separator = parameter.indexOf('=');
    if (separator > 0) parameters.set(parameter.slice(0, separator), parameter.slice(separator + 1));
  }
  const requestId = parameters.get('$rid');
  const operationId = parameters.get('operationId');
  if (requestId === undefined) return undefined;
  return { kind, requestId, ...(operationId !== undefined && { operationId }) };
}
