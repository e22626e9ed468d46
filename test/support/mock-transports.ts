import { EventEmitter } from 'node:events';
import type { DeviceTransport } from 'azure-iot-device';
import type {
  DeviceRegistrationResult,
  RegistrationRequest,
  X509ProvisioningTransport,
} from 'azure-iot-provisioning-device';

type Answer = { result: unknown; pollingInterval?: number } | { error: Error };
type Callback = (
  error?: Error,
  result?: DeviceRegistrationResult,
  response?: unknown,
  interval?: number,
) => void;

/** A transport to DPS that answers what a test tells it, and records what the SDK asked. */
export class MockProvisioningTransport extends EventEmitter implements X509ProvisioningTransport {
  readonly calls: string[] = [];
  readonly requests: RegistrationRequest[] = [];
  authentication: unknown;
  readonly #answers: Answer[];

  /** @param answers in order, the last one again and again */
  constructor(...answers: Answer[]) {
    super();
    this.#answers = answers;
  }

  setAuthentication(authentication: unknown): void {
    this.authentication = authentication;
  }

  setTransportOptions(): void {
    this.calls.push('setTransportOptions');
  }

  registrationRequest(request: RegistrationRequest, callback: Callback): void {
    this.calls.push('registrationRequest');
    this.requests.push(request);
    this.#answer(callback);
  }

  queryOperationStatus(_request: RegistrationRequest, operationId: string, callback: Callback): void {
    this.calls.push(`queryOperationStatus ${operationId}`);
    this.#answer(callback);
  }

  cancel(callback: (error?: Error) => void): void {
    this.calls.push('cancel');
    callback();
  }

  disconnect(callback: (error?: Error) => void): void {
    this.calls.push('disconnect');
    callback();
  }

  #answer(callback: Callback): void {
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    setImmediate(() => {
      if (!answer) return;
      if ('error' in answer) callback(answer.error);
      else
        callback(
          undefined,
          answer.result as DeviceRegistrationResult,
          undefined,
          answer.pollingInterval ?? 0,
        );
    });
  }
}

type Done = (error?: Error, result?: unknown) => void;
type Method = (request: unknown, response: unknown) => void;

/** A transport to the hub that succeeds at everything unless told otherwise, and records what the client asked. */
export class MockHubTransport extends EventEmitter {
  readonly calls: string[] = [];
  readonly sent: unknown[] = [];
  options: Record<string, unknown> = {};
  twin = { desired: { $version: 1 } as Record<string, unknown>, reported: { $version: 1 } };
  /** What the operation of that name fails with. */
  readonly failures = new Map<string, Error>();

  /** As the SDK's interface, whose parameters are classes of which a mock needs only a few fields. */
  asTransport(): DeviceTransport {
    return this as unknown as DeviceTransport;
  }

  #do(name: string, done?: Done, result?: unknown): void {
    this.calls.push(name);
    setImmediate(() => done?.(this.failures.get(name), result));
  }

  setOptions(options: object, done?: Done): void {
    this.options = { ...this.options, ...options };
    done?.();
  }

  connect(done: Done): void {
    this.#do('connect', done, {});
  }
  disconnect(done: Done): void {
    this.#do('disconnect', done);
  }
  sendEvent(message: { data: unknown }, done: Done): void {
    this.sent.push(message.data);
    this.#do('sendEvent', done, {});
  }
  sendEventBatch(_messages: unknown, done: Done): void {
    this.#do('sendEventBatch', done);
  }
  complete(_message: unknown, done: Done): void {
    this.#do('complete', done);
  }
  reject(_message: unknown, done: Done): void {
    this.#do('reject', done);
  }
  abandon(_message: unknown, done: Done): void {
    this.#do('abandon', done);
  }
  updateSharedAccessSignature(_signature: string, done: Done): void {
    this.#do('updateSharedAccessSignature', done);
  }
  enableC2D(done: Done): void {
    this.#do('enableC2D', done);
  }
  disableC2D(done: Done): void {
    this.#do('disableC2D', done);
  }
  enableMethods(done: Done): void {
    this.#do('enableMethods', done);
  }
  disableMethods(done: Done): void {
    this.#do('disableMethods', done);
  }
  onDeviceMethod(name: string, callback: Method): void {
    this.calls.push(`onDeviceMethod ${name}`);
    this.on(`method_${name}`, callback);
  }
  sendMethodResponse(response: { status: number; payload: unknown }, done: Done = () => undefined): void {
    this.sent.push({ status: response.status, payload: response.payload });
    this.#do('sendMethodResponse', done);
  }
  getTwin(done: (error?: Error, twin?: never) => void): void {
    this.#do('getTwin', done as Done, structuredClone(this.twin));
  }
  updateTwinReportedProperties(patch: unknown, done: Done): void {
    this.sent.push(patch);
    this.#do('updateTwinReportedProperties', done);
  }
  enableTwinDesiredPropertiesUpdates(done: Done): void {
    this.#do('enableTwinDesiredPropertiesUpdates', done);
  }
  disableTwinDesiredPropertiesUpdates(done: Done): void {
    this.#do('disableTwinDesiredPropertiesUpdates', done);
  }
  enableInputMessages(done: Done): void {
    this.#do('enableInputMessages', done);
  }
  disableInputMessages(done: Done): void {
    this.#do('disableInputMessages', done);
  }
  sendOutputEvent(_name: string, _message: unknown, done: Done): void {
    this.#do('sendOutputEvent', done);
  }
  sendOutputEventBatch(_name: string, _messages: unknown, done: Done): void {
    this.#do('sendOutputEventBatch', done);
  }
}
