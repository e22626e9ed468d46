import { isIP } from 'node:net';
import { CommandError } from '../../command-error';
import { explained, NoAnswer, probe } from '../probe';
import type { Service, Step } from '../step';
import { targetOf } from '../target';

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
          if (error instanceof NoAnswer) throw noNameServer(name);
          throw explained(error, { ...target, host: name }, examination);
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

function noNameServer(name: string): CommandError {
  return new CommandError({
    code: 'NAME_RESOLUTION_FAILED',
    message: `The name server does not answer for ${name}.`,
    remedy: 'Check that this machine has a network connection and a working name server (/etc/resolv.conf).',
    isTransient: true,
  });
}
