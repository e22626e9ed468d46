import { isIP } from 'node:net';
import { firstSet, PROXY_VARIABLES } from '../../../options/proxy';
import { CommandError } from '../../command-error';
import { inFlagTerms } from '../../flag-terms';
import { explained, NoAnswer, probe } from '../probe';
import type { Examination, Service, Step } from '../step';
import { targetOf, type Target } from '../target';

/** Whether the name of a service, or of the proxy that leads to it, has an address. */
export function nameResolution(service: Service, title: string, needs: Step['needs']): Step {
  return {
    name: `${service}-name`,
    title,
    doing: 'resolving the name',
    needs,
    run: async (examination, signal) => {
      const target = targetOf(service, examination);
      const { proxy } = target;
      const name = proxy?.host ?? target.name;
      const subject = proxy ? `the proxy ${name}` : name;
      if (isIP(name) !== 0) return { status: 'ok', summary: `${subject} is an address`, data: { name } };
      const addresses = await probe(examination, signal, () => examination.network.lookup(name)).catch(
        (error: unknown) => {
          signal.throwIfAborted();
          throw failureOf(error, { ...target, host: name }, examination);
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

function failureOf(error: unknown, target: Target, examination: Examination): CommandError {
  const { code, message, remedy, isTransient } =
    error instanceof NoAnswer
      ? noNameServer(target.host)
      : inFlagTerms(explained(error, target, examination));
  const { transport, network } = examination;
  const variable = transport === 'mqtt' ? firstSet(network.env, PROXY_VARIABLES) : undefined;
  // Behind some proxies nobody else can resolve public names.
  const hint =
    variable === undefined ? '' : ` ${variable} is set: with --transport mqtt-ws, the proxy resolves names.`;
  return new CommandError({
    ...{ code, message, isTransient, service: target.service, cause: error },
    remedy: remedy + hint,
  });
}

function noNameServer(name: string): CommandError {
  return new CommandError({
    code: 'NAME_RESOLUTION_FAILED',
    message: `The name server does not answer for ${name}.`,
    remedy: 'Check that this machine has a network connection and a working name server (/etc/resolv.conf).',
    isTransient: true,
  });
}
