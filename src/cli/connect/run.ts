import { count } from 'azure-iot-certificates/internal';
import { connectWatched } from '../../connect';
import type { DeviceConnection } from '../../index';
import type { ReconnectOptions } from '../../options/types';
import { validateConnectOptions } from '../../options/validate';
import type { Invocation } from '../command';
import { proxyOption } from '../device/flags';
import { connectOptions } from '../device/resolve';
import { warnAboutCredentials } from '../device/warnings';
import { EXIT } from '../exit-codes';
import type { flags } from './command';
import { Events } from './events';
import { planOf } from './plan';
import { Session } from './session';

/** Delays, which tests shorten. */
interface Pace {
  /** The time that a stopped session waits for messages under way, in milliseconds. */
  readonly drainMs: number;
  readonly reconnect?: ReconnectOptions;
}

/** The action of `connect`. */
export async function runConnect(
  invocation: Invocation<typeof flags>,
  { drainMs, reconnect }: Pace = { drainMs: 10_000 },
): Promise<number> {
  const { values, io, output } = invocation;
  output.expectEvents();
  const plan = planOf(values);
  const options = {
    ...(await connectOptions(invocation)),
    ...proxyOption(values),
    ...(reconnect && { reconnect }),
  };
  validateConnectOptions(options);
  await warnAboutCredentials(options, output);
  output.progress('Connecting');
  const events = new Events(output, io);
  const connection = await connectWatched(options, (first) => watch(first, events));
  const session = new Session(connection, plan, events, io);
  try {
    const ending = await session.run();
    if (ending === 'given-up') throw reasonOf(connection);
    const { underWay } = session;
    if (ending === 'stopped' && !plan.isOnce && underWay > 0) {
      output.progress(`Waiting for ${count(underWay, 'message')} to be delivered; Ctrl-C ends at once`);
      await session.settled(drainMs);
    }
  } finally {
    await connection.close({ drainMs: 0 });
    // Closing settles the remaining messages.
    await session.settled();
    const { undelivered, isReportLost } = session;
    if (undelivered > 0) output.note(`${count(undelivered, 'message')} not delivered.`);
    if (isReportLost) output.note('The properties of --report were not reported.');
  }
  // An interrupted `--once` has not done its work, so the command ends with the signal's exit code.
  if (plan.isOnce) io.signal.throwIfAborted();
  return session.undelivered > 0 || session.isReportLost ? EXIT.failed : EXIT.ok;
}

/**
 * Shows each change of the state. Of a first connection that is being made, only the failed attempts that are followed by
 * another one: the command itself shows the rest.
 */
function watch(connection: DeviceConnection, events: Events): void {
  let wasConnected = false;
  connection.on('state', (state) => {
    wasConnected ||= state.status === 'connected';
    const isFailedAttempt = state.status === 'connecting' && state.nextAttemptAt !== undefined;
    if (wasConnected || isFailedAttempt) events.state(state, () => connection.registration);
  });
  connection.on('reprovisioned', ({ previous, current }) => events.reprovisioned(previous, current));
  connection.on('credentialsExpiring', ({ notAfter }) => events.expiring(notAfter));
}

/** The reason why the connection was given up. */
function reasonOf({ state }: DeviceConnection): unknown {
  const { error } = { error: undefined, ...state };
  return error ?? new Error('The connection was closed.');
}
