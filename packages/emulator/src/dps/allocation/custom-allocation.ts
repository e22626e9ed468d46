import createDebug from 'debug';
import type { InitialTwin } from '../../hub/linked-hub';
import {
  isDeeperThan,
  isJsonObject,
  MAX_LEVELS,
  parseJson,
  toJson,
  type JsonObject,
  type JsonValue,
} from '../../protocol/json';
import type { CustomAllocationRequest } from '../types/allocation';
import type { AllocationFailure, AllocationPolicy, AllocationRequest, AllocationResult } from './policies';
import { callWebhook, WebhookError, type WebhookLimits } from './webhook';

const debug = createDebug('azure-iot-x509:emulator:dps');

/**
 * DPS: for any failure of a custom allocation the device gets the HTTP status. The text after the status is the
 * emulator's.
 */
function failure(status: number, explanation = ''): AllocationFailure {
  const errorMessage = `Custom allocation failed with status code: ${status}`;
  return {
    errorCode: 400207,
    errorMessage: explanation === '' ? errorMessage : `${errorMessage}. ${explanation}`,
  };
}

/** The failure after a restart: a function cannot be stored, so it is missing. */
const FORGOTTEN = failure(
  404,
  'The function of the enrollment was lost when the emulator was restarted; update the enrollment with customAllocation.',
);

/** The request to a custom allocation, the same for webhooks and functions. */
function questionOf(request: AllocationRequest): CustomAllocationRequest {
  const { registrationId, linkedHubs, enrollment, leaf, payload, previous } = request;
  return {
    ...enrollment.contract(),
    deviceRuntimeContext: {
      registrationId,
      ...(previous !== undefined && {
        currentIotHubHostName: previous.assignedHub,
        currentDeviceId: previous.deviceId,
      }),
      x509: { clientCertificate: leaf.raw.toString('base64') },
      ...(payload !== undefined && { payload }),
    },
    linkedHubs: linkedHubs.map(({ hostName }) => hostName),
  };
}

/** The initial twin in an answer, or the problem as text. */
function readTwin(twin: JsonValue | undefined): InitialTwin | string | undefined {
  // DPS: null counts as absent.
  if (twin === undefined || twin === null) return undefined;
  if (!isJsonObject(twin)) return 'initialTwin is not an object.';
  const { tags, properties } = twin;
  const desired = isJsonObject(properties) ? properties['desired'] : undefined;
  const isTwin = [tags, properties, desired].every((part) => part === undefined || isJsonObject(part));
  if (!isTwin) return 'tags and properties.desired of initialTwin must be objects.';
  return {
    ...(isJsonObject(tags) && { tags }),
    ...(isJsonObject(desired) && { properties: { desired } }),
  };
}

function readAnswer(answer: JsonValue | undefined, { linkedHubs }: AllocationRequest): AllocationResult {
  // The status is that of a complete answer which cannot be used.
  if (!isJsonObject(answer)) return failure(200, 'The response is not a JSON object.');
  if (isDeeperThan(answer, MAX_LEVELS)) {
    return failure(200, `The response has more than ${MAX_LEVELS} levels.`);
  }
  const { iotHubHostName, initialTwin, payload } = answer;
  if (typeof iotHubHostName !== 'string') return failure(200, 'The response has no iotHubHostName.');
  const hub = linkedHubs.find(
    ({ hostName, name }) =>
      hostName.toLowerCase() === iotHubHostName.toLowerCase() || name === iotHubHostName,
  );
  if (hub === undefined) {
    return failure(200, `The response names ${iotHubHostName}, which is not one of the linked hubs.`);
  }
  const twin = readTwin(initialTwin);
  if (typeof twin === 'string') return failure(200, `In the response, ${twin}`);
  return {
    hub,
    ...(twin !== undefined && { initialTwin: twin }),
    ...(payload !== undefined && payload !== null && { payload }),
  };
}

async function askFunction(request: AllocationRequest, signal: AbortSignal): Promise<AllocationResult> {
  const { customAllocation } = request.enrollment;
  if (customAllocation === undefined) return FORGOTTEN;
  let answer: JsonObject;
  try {
    // Request and answer pass through JSON, so that a function gets and returns the same values as a webhook.
    const question = toJson(questionOf(request)) as unknown as CustomAllocationRequest;
    answer = toJson(await customAllocation(question, signal));
  } catch (error) {
    debug('the custom allocation of %s has thrown: %o', request.registrationId, error);
    return failure(500);
  }
  return readAnswer(answer, request);
}

async function askWebhook(
  request: AllocationRequest,
  signal: AbortSignal,
  limits: WebhookLimits | undefined,
): Promise<AllocationResult> {
  const { customAllocationDefinition } = request.enrollment;
  if (customAllocationDefinition === undefined) return FORGOTTEN;
  try {
    const { webhookUrl } = customAllocationDefinition;
    const question = JSON.stringify(questionOf(request));
    const { status, text } = await callWebhook(webhookUrl, question, signal, limits);
    if (status < 200 || status > 299) return failure(status);
    return readAnswer(parseJson(text), request);
  } catch (error) {
    debug('the webhook for %s has failed: %o', request.registrationId, error);
    if (error instanceof WebhookError) return failure(error.status, error.message);
    return failure(500);
  }
}

/** The policy that calls the enrollment's webhook or function. @param limits - default: 30 seconds and 256 KB */
export function customAllocation(limits?: WebhookLimits): AllocationPolicy {
  return (request, signal) =>
    request.enrollment.customAllocationDefinition === undefined
      ? askFunction(request, signal)
      : askWebhook(request, signal, limits);
}
