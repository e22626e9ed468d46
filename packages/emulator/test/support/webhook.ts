import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CustomAllocationRequest } from 'azure-iot-emulator';

/** A request to a webhook that waits for the test's answer. */
export interface WebhookCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly question: CustomAllocationRequest;
}

/** A webhook that answers as the test tells it to. */
export class Webhook implements AsyncDisposable {
  readonly #server: Server;
  readonly #calls: WebhookCall[] = [];
  #handle: ((call: WebhookCall) => void) | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const question = JSON.parse(Buffer.concat(chunks).toString()) as CustomAllocationRequest;
        this.#receive({ request, response, question });
      });
    });
  }

  static async listen(): Promise<Webhook> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Webhook(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/api/allocate?code=secret`;
  }

  /** What has arrived. */
  get calls(): readonly WebhookCall[] {
    return this.#calls;
  }

  /** Answers every call. */
  answerWith(handle: (call: WebhookCall) => void): void {
    this.#handle = handle;
  }

  /** Answers every call with JSON. */
  answerJson(answer: (question: CustomAllocationRequest) => unknown, status = 200): void {
    this.answerWith(({ response, question }) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer(question)));
    });
  }

  /** The next call, if there is none yet that the test has not seen. */
  async call(index = 0): Promise<WebhookCall> {
    for (;;) {
      const call = this.#calls[index];
      if (call !== undefined) return call;
      await once(this.#server, 'received');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #receive(call: WebhookCall): void {
    this.#calls.push(call);
    this.#server.emit('received');
    this.#handle?.(call);
  }
}
