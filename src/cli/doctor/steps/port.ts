import type { TransportKind } from '../../../options/types';
import { CommandError } from '../../command-error';
import { explained, NoAnswer, openConnection, probe } from '../probe';
import type { Examination, Finding, Service, Step } from '../step';
import { otherTransport, targetOf, type Target } from '../target';

/** Where neither port can be reached. */
const PROXY_HINTS: Readonly<Record<TransportKind, string>> = {
  mqtt: 'Where an HTTP proxy is the only way out, use --transport mqtt-ws and set HTTPS_PROXY.',
  'mqtt-ws': 'Where an HTTP proxy is the only way out, set HTTPS_PROXY or give --proxy.',
};

/** What a port does: an error says why it is not open. */
type PortState = 'open' | Error;

/** Whether the port that the transport needs can be reached, and if not, whether the other transport would do. */
export function port(service: Service, title: string, needs: Step['needs']): Step {
  return {
    name: `${service}-port`,
    title,
    doing: 'connecting to the port',
    needs,
    run: async (examination, signal) => {
      const target = targetOf(service, examination);
      const found = (open: readonly number[], summary: string): Finding => {
        if (service === 'dps') examination.openPorts = open;
        return { status: 'ok', summary, data: { open } };
      };
      if (target.proxy) {
        await throughProxy(target, examination, signal);
        return found([target.port], `the proxy ${target.proxy.name} connects to port ${target.port}`);
      }
      const other = otherPort(target, examination);
      const [state, otherState] = await Promise.all([
        reach(target.port, target, examination, signal),
        other === undefined ? undefined : reach(other, target, examination, signal),
      ]);
      const otherWords = otherState && other !== undefined ? `port ${other} ${words(otherState)}` : undefined;
      if (state === 'open') {
        return found(
          [target.port, ...(other !== undefined && otherState === 'open' ? [other] : [])],
          `port ${target.port} is open${otherWords === undefined ? '' : ` (${otherWords})`}`,
        );
      }
      throw closed(target, state, other, otherState, examination);
    },
  };
}

async function throughProxy(target: Target, examination: Examination, signal: AbortSignal): Promise<void> {
  const { host, port: number, proxy } = target;
  const state = await reach(number, target, examination, signal);
  if (state === 'open') return;
  if (!(state instanceof NoAnswer)) throw explained(state, target, examination);
  throw new CommandError({
    code: 'TIMEOUT',
    message: `The proxy ${proxy?.name ?? ''} makes no connection to port ${number} of ${host}: it does not answer.`,
    remedy: `Check the address of the proxy, and that it lets connections to port ${number} of ${host} pass.`,
    isTransient: true,
  });
}

/** The port of the other transport, when the host comes without one. */
function otherPort({ givenPort }: Target, { transport, network }: Examination): number | undefined {
  return givenPort === undefined ? network.ports[otherTransport(transport)] : undefined;
}

async function reach(
  number: number,
  target: Target,
  examination: Examination,
  signal: AbortSignal,
): Promise<PortState> {
  try {
    const socket = await probe(examination, signal, (attempt) =>
      openConnection({ host: target.name, port: number }, target, examination, attempt),
    );
    socket.destroy();
    return 'open';
  } catch (error) {
    signal.throwIfAborted();
    return error as Error;
  }
}

function closed(
  target: Target,
  state: Error,
  other: number | undefined,
  otherState: PortState | undefined,
  examination: Examination,
): CommandError {
  const { name, port: number } = target;
  const { transport } = examination;
  const isOtherOpen = otherState === 'open';
  const facts = [`Port ${number} of ${name} ${words(state)}`];
  if (other !== undefined && otherState) facts.push(`port ${other} ${words(otherState)}`);
  const remedies = isOtherOpen
    ? [
        `Use --transport ${otherTransport(transport)}, which needs port ${other ?? ''} only; in programs, transport: "${otherTransport(transport)}".`,
        `Or have the firewall let outgoing connections to port ${number} pass.`,
      ]
    : [
        ...(other === undefined ? ['Check the port of the endpoint, and that the server runs.'] : []),
        `Have the firewall let outgoing connections to port ${number} of ${name} pass.`,
        ...(other === undefined ? [] : [PROXY_HINTS[transport]]),
      ];
  return new CommandError({
    code: state instanceof NoAnswer ? 'TIMEOUT' : explained(state, target, examination).code,
    message: `${facts.join(', ')}.`,
    remedy: remedies.join(' '),
    isTransient: true,
    service: target.service,
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
