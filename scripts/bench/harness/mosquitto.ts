import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createRootCertificate } from 'azure-iot-certificates';
import { createServerCertificate } from 'azure-iot-certificates/internal';
import type { DeviceSettings } from './emulator';
import type { DeviceFiles, Lab } from './lab';

/** Distributions install it where only root's PATH looks. */
const COMMAND = ['mosquitto', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find(
  (command) => spawnSync(command, ['-h']).error === undefined,
);
const START_MS = 5_000;

/** Tells whether there is one to start. */
export function isMosquittoInstalled(): boolean {
  return COMMAND !== undefined;
}

/** An MQTT broker written in C, over mutual TLS: what the emulator compares itself to. */
export class Mosquitto implements AsyncDisposable {
  readonly clientEnv: Readonly<Record<string, string>>;
  /** `localhost:port`. */
  readonly endpoint: string;
  /** The root of its certificate, as PEM. */
  readonly ca: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, endpoint: string, ca: string, caFile: string) {
    this.#process = process;
    this.endpoint = endpoint;
    this.ca = ca;
    this.clientEnv = { NODE_EXTRA_CA_CERTS: caFile };
  }

  /**
   * `undefined` where it is not installed.
   *
   * @param clients the certificates that it trusts, as PEM: of the clients themselves or of their roots
   */
  static async start(lab: Lab, clients: readonly string[]): Promise<Mosquitto | undefined> {
    if (COMMAND === undefined) return undefined;
    const issuer = await createRootCertificate({ commonName: 'mosquitto root' });
    const server = await createServerCertificate({ issuer, hostNames: ['localhost'] });
    const caFile = await lab.write('mosquitto-ca.pem', issuer.certificate);
    const port = await freePort();
    const configuration = [
      `listener ${port} 127.0.0.1`,
      `cafile ${await lab.write('mosquitto-clients.pem', clients.join('\n'))}`,
      `certfile ${await lab.write('mosquitto.crt', server.fullChain)}`,
      `keyfile ${await lab.write('mosquitto.key', server.privateKey)}`,
      'require_certificate true',
      'allow_anonymous true',
      'persistence false',
      'log_type error',
      'max_inflight_messages 0',
      'set_tcp_nodelay true',
      // Otherwise it gives up the user who owns the keys.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ];
    const child = spawn(COMMAND, ['-c', await lab.write('mosquitto.conf', configuration.join('\n'))], {
      stdio: 'ignore',
    });
    const mosquitto = new Mosquitto(child, `localhost:${port}`, issuer.certificate, caFile);
    try {
      await untilListening(port);
      return mosquitto;
    } catch (error) {
      await mosquitto[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Connects the bare client, which takes it for an assigned hub. */
  settingsOf({ registrationId, certFile, keyFile }: DeviceFiles): DeviceSettings {
    const hub = { idScope: '', globalEndpoint: '', assignedHub: this.endpoint };
    return { registrationId, certFile, keyFile, ...hub };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'close');
    this.#process.kill();
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this shape; the type also covers pipes and closed servers.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error('mosquitto does not listen.', { cause: error });
      await setTimeout(50);
    } finally {
      socket.destroy();
    }
  }
}
