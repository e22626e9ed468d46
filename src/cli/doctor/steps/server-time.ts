import { request } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { createContext } from '../../../network/secure-context';
import { openConnection, probe } from '../probe';
import type { Examination, Step } from '../step';
import { targetOf, type Target } from '../target';
import { SET_THE_CLOCK } from './clock';

/** Differences below are of no consequence, and within what networks and whole seconds blur. */
const TOLERANCE_MS = 5 * 60_000;

/**
 * Compares the clock with the `Date` of an HTTP answer. MQTT tells no time, and no document says that the web server
 * beside it does: without an answer nothing is known, and nothing is wrong.
 */
export const serverTime: Step = {
  name: 'server-time',
  title: 'server time',
  doing: 'asking for the time',
  needs: ['clock', 'dps-tls'],
  run: async (examination, signal) => {
    const { network, transport, openPorts = [] } = examination;
    const target = targetOf('dps', examination);
    // A port that was given for MQTT is no web server's.
    if (target.givenPort !== undefined && transport === 'mqtt')
      return { status: 'skipped', summary: 'not known: nobody tells the time on the port of the endpoint' };
    const port = target.givenPort ?? network.ports['mqtt-ws'];
    if (!openPorts.includes(port))
      return { status: 'skipped', summary: `not known: port ${port} cannot be reached` };
    const before = network.now().getTime();
    const served = await probe(examination, signal, (attempt) =>
      askTime(port, target, examination, attempt),
    ).catch(() => {
      signal.throwIfAborted();
      return undefined;
    });
    if (served === undefined) return { status: 'skipped', summary: `not known: port ${port} tells no time` };
    const local = (before + network.now().getTime()) / 2;
    const aheadMs = local - served.getTime();
    const data = { served, aheadSeconds: Math.round(aheadMs / 1000) };
    if (Math.abs(aheadMs) <= TOLERANCE_MS)
      return { status: 'ok', summary: 'the clock agrees with that of the server', data };
    const minutes = Math.round(Math.abs(aheadMs) / 60_000);
    return {
      status: 'warning',
      summary: `the clock is ${minutes} minutes ${aheadMs > 0 ? 'ahead of' : 'behind'} that of the server`,
      remedy: SET_THE_CLOCK,
      data,
    };
  },
};

async function askTime(
  port: number,
  target: Target,
  examination: Examination,
  signal: AbortSignal,
): Promise<Date | undefined> {
  const { name: host } = target;
  const raw = await openConnection({ host, port }, target, examination, signal);
  const options = {
    host,
    secureContext: createContext({ ca: examination.roots }),
    ...(isIP(host) === 0 && { servername: host }),
  };
  try {
    return await new Promise<Date | undefined>((resolve, reject) => {
      request({
        method: 'HEAD',
        path: '/',
        host,
        port,
        signal,
        createConnection: () => secured(raw, options),
      })
        .on('response', ({ headers }) => {
          const time = Date.parse(headers.date ?? '');
          resolve(Number.isNaN(time) ? undefined : new Date(time));
        })
        .on('error', reject)
        .end();
    });
  } finally {
    raw.destroy();
  }
}

function secured(socket: Socket, options: object): Socket {
  return connect({ ...options, socket });
}
