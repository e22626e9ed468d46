import { EventEmitter } from 'node:events';
import { Message, type Client, type Twin } from 'azure-iot-device';

/** A message as the device got it. */
export interface ReceivedMessage {
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A call of a direct method as the device got it. */
export interface ReceivedCall {
  readonly methodName: string;
  readonly payload: unknown;
}

/** What the device tells about what it gets. */
interface DeviceProgramEvents {
  message: [message: ReceivedMessage];
  method: [call: ReceivedCall];
  desired: [change: Readonly<Record<string, unknown>>];
}

/** What the device answers to its direct method `reboot`. */
export const REBOOT_ANSWER = { status: 200, payload: { rebooting: true } } as const;

/** What runs on the device: plain code against the official client. */
export class DeviceProgram extends EventEmitter<DeviceProgramEvents> {
  readonly #client: Client;
  readonly #twin: Twin;

  private constructor(client: Client, twin: Twin) {
    super();
    this.#client = client;
    this.#twin = twin;
  }

  /** Reads the twin and listens to everything that the hub can send. */
  static async start(client: Client): Promise<DeviceProgram> {
    const program = new DeviceProgram(client, await client.getTwin());
    program.#listen();
    return program;
  }

  /** Resolves when the hub has acknowledged the message. */
  async sendTelemetry(body: string, properties: Readonly<Record<string, string>>): Promise<void> {
    const message = new Message(body);
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
    await this.#client.sendEvent(message);
  }

  /** Resolves when the hub has taken the reported properties over. */
  async report(patch: Readonly<Record<string, unknown>>): Promise<void> {
    // The SDK types all of `reported` as `any`, its method `update` included.
    const { update } = this.#twin.properties.reported as {
      update: (patch: object, done: (error?: Error) => void) => void;
    };
    await new Promise<void>((resolve, reject) => {
      update(patch, (error) => (error ? reject(error) : resolve()));
    });
  }

  #listen(): void {
    this.#client.on('message', (message: Message) => {
      const { propertyList } = message.properties as { propertyList: { key: string; value: string }[] };
      this.emit('message', {
        body: message.getBytes().toString(),
        properties: Object.fromEntries(propertyList.map(({ key, value }) => [key, value])),
      });
      void this.#client.complete(message);
    });
    this.#client.onDeviceMethod('reboot', (request, response) => {
      this.emit('method', { methodName: request.methodName, payload: request.payload as unknown });
      // If the answer cannot be sent, the service learns that nobody answered.
      response.send(REBOOT_ANSWER.status, REBOOT_ANSWER.payload).catch(() => undefined);
    });
    this.#twin.on('properties.desired', (change: Record<string, unknown>) => this.emit('desired', change));
  }
}
