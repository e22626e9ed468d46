import type { TransportKind } from '../../../options/types';
import { CommandError } from '../../command-error';
import { explained, NoAnswer, openConnection, otherTransport, targetOf, type Target } from '../network';
import type { Examination, Service, Step } from '../step';

/** The remedy where neither port can be reached. */
const PROXY_HINTS: Readonly<Record<TransportKind, string>> = {
  mqtt: 'Where an HTTP proxy is the only way out, use --transport mqtt-ws and set HTTPS_PROXY.',
  'mqtt-ws': 'Where an HTTP proxy is the only way out, set HTTPS_PROXY or give --proxy.',
};

/** The state of a port; an error is the reason why it is not open. */
type PortState = 'open' | Error;

/**
 * The step that opens the port of the transport. If that fails, the report names the port of the other transport, if it
 * can be reached.
 */
export function port(service: Service, title: string, needs: Step['needs']): Step {
  return {
    name: `${service}-port`,
    title,
    needs,
    run: async (examination, signal) => {
      const target = targetOf(service, examination);
      const { proxy, givenPort } = target;
      const { transport, network } = examination;
      // A host with an explicit port has only that port, and a proxy connects to one port.
      const other =
        proxy === undefined && givenPort === undefined ? network.ports[otherTransport(transport)] : undefined;
      const [state, otherState] = await Promise.all([
        reach(target.port, target, examination, signal),
        other === undefined ? undefined : reach(other, target, examination, signal),
      ]);
      const others =
        other === undefined || otherState === undefined ? [] : [{ port: other, state: otherState }];
      if (state !== 'open') throw closed(target, state, others, examination);
      if (proxy) return { status: 'ok', summary: `the proxy ${proxy.name} connects to port ${target.port}` };
      const remark = others.map((found) => ` (port ${found.port} ${words(found.state)})`).join('');
      return { status: 'ok', summary: `port ${target.port} is open${remark}` };
    },
  };
}

async function reach(
  number: number,
  target: Target,
  examination: Examination,
  signal: AbortSignal,
): Promise<PortState> {
  try {
    (await openConnection(number, target, examination, signal)).destroy();
    return 'open';
  } catch (error) {
    signal.throwIfAborted();
    return error as Error;
  }
}

function closed(
  target: Target,
  state: Error,
  others: readonly { readonly port: number; readonly state: PortState }[],
  examination: Examination,
): Error {
  const { service, name, port: number, proxy } = target;
  const { transport } = examination;
  if (proxy && !(state instanceof NoAnswer)) return explained(state, target, examination);
  if (proxy)
    return new CommandError({
      code: 'TIMEOUT',
      message: `The proxy ${proxy.name} makes no connection to port ${number} of ${name}: it does not answer.`,
      remedy: `Check the address of the proxy, and that it lets connections to port ${number} of ${name} pass.`,
      isTransient: true,
    });
  const facts = [
    `Port ${number} of ${name} ${words(state)}`,
    ...others.map((found) => `port ${found.port} ${words(found.state)}`),
  ];
  const open = others.find((found) => found.state === 'open');
  const remedies =
    open === undefined
      ? [
          ...(others.length > 0 ? [] : ['Check the port of the endpoint, and that the server runs.']),
          `Have the firewall let outgoing connections to port ${number} of ${name} pass.`,
          ...(others.length > 0 ? [PROXY_HINTS[transport]] : []),
        ]
      : [
          `Use --transport ${otherTransport(transport)}, which needs port ${open.port} only; in programs, transport: "${otherTransport(transport)}".`,
          `Or have the firewall let outgoing connections to port ${number} pass.`,
        ];
  return new CommandError({
    code: state instanceof NoAnswer ? 'TIMEOUT' : explained(state, target, examination).code,
    message: `${facts.join(', ')}.`,
    remedy: remedies.join(' '),
    isTransient: true,
    service,
    cause: state,
  });
}

function words(state: PortState): string {
  if (state === 'open') return 'is open';
  if (state instanceof NoAnswer) return 'does not answer (a firewall swallows it)';
  const { code = '' } = state as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'refuses connections';
  return `cannot be reached${code === '' ? '' : ` (${code})`}`;
}
