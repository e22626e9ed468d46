import { isIP } from 'node:net';
import { firstSet, PROXY_VARIABLES } from '../../../options/proxy';
import { CommandError } from '../../command-error';
import { inFlagTerms } from '../../flag-terms';
import { explained, NoAnswer, probe, targetOf } from '../network';
import type { Examination, Service, Step } from '../step';

/** The step that resolves the name of a service, or of the proxy in front of it. */
export function nameResolution(service: Service, title: string, needs: Step['needs']): Step {
  return {
    name: `${service}-name`,
    title,
    needs,
    run: async (examination, signal) => {
      const { proxy, name: host } = targetOf(service, examination);
      const name = proxy?.host ?? host;
      const subject = proxy ? `the proxy ${name}` : name;
      if (isIP(name) !== 0) return { status: 'ok', summary: `${subject} is an address`, data: { name } };
      const addresses = await probe(examination, signal, () => examination.network.lookup(name)).catch(
        (error: unknown) => {
          signal.throwIfAborted();
          throw failureOf(error, service, name, examination);
        },
      );
      return {
        status: 'ok',
        summary: `${subject} has the address ${addresses.join(', ')}`,
        data: { name, addresses },
      };
    },
  };
}

function failureOf(error: unknown, service: Service, host: string, examination: Examination): CommandError {
  const { transport, network } = examination;
  const { code, message, remedy } =
    error instanceof NoAnswer
      ? {
          code: 'NAME_RESOLUTION_FAILED',
          message: `The name server does not answer for ${host}.`,
          remedy:
            'Check that this machine has a network connection and a working name server (/etc/resolv.conf).',
        }
      : inFlagTerms(explained(error, { service, host }, examination));
  const variable = transport === 'mqtt' ? firstSet(network.env, PROXY_VARIABLES) : undefined;
  // Behind some proxies only the proxy can resolve public names.
  const hint =
    variable === undefined ? '' : ` ${variable} is set: with --transport mqtt-ws, the proxy resolves names.`;
  const isTransient = code !== 'HOST_NOT_FOUND';
  return new CommandError({ code, message, remedy: remedy + hint, service, isTransient, cause: error });
}
