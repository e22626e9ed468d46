import { Agent } from 'node:https';

/** Options of {@link createEmulatorAgent}. */
export interface EmulatorAgentOptions {
  /** The port for names without one: one of the emulator's `sharedPorts`. Default 443. */
  port?: number;
  /** Address of the machine that the emulator runs on. Default 127.0.0.1. */
  host?: string;
  /** The emulator's root, as PEM. Default: the roots that Node.js trusts, `NODE_EXTRA_CA_CERTS` included. */
  ca?: string | Buffer;
}

type ConnectionOptions = Parameters<Agent['createConnection']>[0];

/** The port at the end of a host name, or of an IPv6 address in brackets. */
const PORT = /^(?:\[[^\]]*\]|[^:]*):(?<port>\d{1,5})$/;

/** Connects to the emulator for every host name. The server's certificate must be for that name. */
class EmulatorAgent extends Agent {
  readonly #host: string;
  readonly #port: number;

  constructor({ host = '127.0.0.1', port = 443, ca }: EmulatorAgentOptions) {
    super({ rejectUnauthorized: true, ...(ca !== undefined && { ca }) });
    this.#host = host;
    this.#port = port;
  }

  override createConnection(
    options: ConnectionOptions,
    callback?: Parameters<Agent['createConnection']>[1],
  ): ReturnType<Agent['createConnection']> {
    // The official SDK passes `name:port` as the host of its HTTPS requests.
    const { port } = PORT.exec(options.host ?? '')?.groups ?? {};
    const target = { host: this.#host, port: port === undefined ? this.#port : Number(port) };
    return super.createConnection({ ...options, ...target }, callback);
  }
}

/**
 * An agent for HTTPS and WebSockets, for clients of an emulator that cannot listen on port 443. The agent connects to
 * the emulator for every host name, without resolving the name, and verifies that the server's certificate is for that
 * name. For the official SDK: `webSocketAgent` of `MqttWs`, and `http.agent` of file uploads.
 *
 * @example
 * ```ts
 * const emulator = await startEmulator({ sharedPorts: [0], announcedPort: 8883 });
 * const [port = 0] = emulator.sharedPorts;
 * const agent = createEmulatorAgent({ port, ca: emulator.ca });
 * await client.setOptions({ cert, key, mqtt: { webSocketAgent: agent }, http: { agent } });
 * ```
 */
export function createEmulatorAgent(options: EmulatorAgentOptions = {}): Agent {
  return new EmulatorAgent(options);
}
