// A gateway as a service: it runs until it is told to stop, survives whatever the network does, says in its log what is
// going on, and takes its leave properly. README.md in this folder shows how to run it under systemd and in a container.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md), and ASSIGNMENT_FILE to a path
// that survives a restart, and run `npm run example -- gateway`; without a subscription:
// `npm run example -- gateway --emulator`.
import { setTimeout } from 'node:timers/promises';
import {
  connectDevice,
  connectionOptionsFromEnv,
  DeviceError,
  Message,
  type ConnectionState,
} from 'azure-iot-x509';

const INTERVAL_MS = 1_000;

/** One line for each change, in a form that journald and container logs keep as it is. */
function log(state: ConnectionState): void {
  const advice = 'advice' in state ? ` ${state.advice}` : '';
  const error = 'error' in state ? ` ${state.error.message}` : '';
  console.log(`${state.status}${error}${advice}`);
}

/** What a gateway reads from the things behind it. */
function readSensors(): { temperature: number } {
  return { temperature: 20 + Math.round(Math.random() * 50) / 10 };
}

async function main(): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log(`stopping upon ${signal}`);
      stopping.abort();
    });
  }
  const { signal } = stopping;
  const connection = await connectDevice({
    ...connectionOptionsFromEnv(),
    // Stopped before it has connected, it has nothing to finish.
    signal,
  });
  log(connection.state);
  connection.on('state', log);
  // The connection was given up: whoever supervises this process decides what comes next.
  connection.client.on('disconnect', () => {
    process.exitCode = 1;
    stopping.abort();
  });
  try {
    while (!signal.aborted) {
      // Waits in a queue while the connection is down, so the loop does not wait for it.
      connection.client
        .sendEvent(new Message(JSON.stringify(readSensors())))
        .catch((error: unknown) => console.error(error instanceof Error ? error.message : error));
      await setTimeout(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await connection.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
