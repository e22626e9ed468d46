import * as library from '../../connect';
import type { DeviceConnection } from '../../connection/device-connection';
import type { ReconnectOptions } from '../../options/types';
import type { Registration } from '../../options/registration';
import { count } from 'azure-iot-certificates/internal';
import { validateConnectOptions } from '../../options/validate';
import type { Invocation } from '../command';
import { proxyOption } from '../device/proxy';
import { connectOptions } from '../device/resolve';
import { warnAboutCredentials } from '../device/warnings';
import { EXIT } from '../exit-codes';
import type { flags } from './command';
import { Events } from './events';
import { planOf } from './plan';
import { Session } from './session';

/** What tests do faster. */
interface Pace {
  /** How long a session that is stopped waits for what is under way, in milliseconds. */
  readonly drainMs: number;
  readonly reconnect?: ReconnectOptions;
}

/** The command `connect`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  return await connectDevice(invocation, { drainMs: 10_000 });
}

/** The command `connect` at another pace. */
export async function connectDevice(
  invocation: Invocation<typeof flags>,
  { drainMs, reconnect }: Pace,
): Promise<number> {
  const { values, io, output } = invocation;
  const plan = planOf(values);
  const options = {
    ...(await connectOptions(invocation)),
    ...proxyOption(values),
    ...(reconnect && { reconnect }),
  };
  validateConnectOptions(options);
  await warnAboutCredentials(options, output);
  const events = new Events(output, io);
  const connection = await library.connectDevice(options);
  watch(connection, events);
  const session = new Session(connection, plan, events, io);
  try {
    const ending = await session.run();
    if (ending === 'given-up') throw reasonOf(connection);
    if (ending === 'stopped' && !plan.isOnce) await drain(session, invocation, drainMs);
  } finally {
    await connection.close();
    // Closing settles what is left.
    await session.settled();
    const { undelivered, isReportLost } = session;
    if (undelivered > 0) output.note(`${count(undelivered, 'message')} not delivered.`);
    if (isReportLost) output.note('The properties of --report were not taken over.');
  }
  // What it was asked to do was not done.
  if (plan.isOnce) io.signal.throwIfAborted();
  return session.undelivered > 0 || session.isReportLost ? EXIT.failed : EXIT.ok;
}

/** Shows what the connection tells about itself. */
function watch(connection: DeviceConnection, events: Events): void {
  let registration: Registration | undefined = connection.registration;
  events.state(connection.state, registration);
  connection.on('state', (state) => {
    if (state.status === 'connected') ({ registration } = connection);
    events.state(state, registration);
  });
  connection.on('reprovisioned', ({ previous, current }) => events.reprovisioned(previous, current));
  connection.on('credentialsExpiring', ({ notAfter }) => events.expiring(notAfter));
}

async function drain(
  session: Session,
  { output }: Pick<Invocation, 'output'>,
  drainMs: number,
): Promise<void> {
  const { underWay } = session;
  if (underWay === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs);
  });
  await output.during(`Waiting for ${count(underWay, 'message')} to be delivered; Ctrl-C ends at once`, () =>
    Promise.race([session.settled(), timeUp]),
  );
  clearTimeout(timer);
}

/** Why the connection was given up. */
function reasonOf({ state }: DeviceConnection): unknown {
  const { error } = { error: undefined, ...state };
  return error ?? new Error('The connection was closed.');
}
