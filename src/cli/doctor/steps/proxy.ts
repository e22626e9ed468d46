import {
  firstSet,
  NO_PROXY_VARIABLES,
  proxyRule,
  PROXY_VARIABLES,
  type HttpProxy,
} from '../../../options/proxy';
import { targetOf } from '../network';
import type { Examination, Outcome, Step } from '../step';

/** Variables that some programs take for a proxy. */
const UNUSED_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'];

/** The proxy that is used, and the reason. */
export const proxy: Step = {
  name: 'proxy',
  title: 'proxy',
  needs: [],
  // eslint-disable-next-line @typescript-eslint/require-await -- an error must reject
  run: async (examination) => find(examination),
};

function find(examination: Examination): Outcome {
  const { options, transport, network } = examination;
  const { env } = network;
  const variable = firstSet(env, PROXY_VARIABLES);
  const exceptions = firstSet(env, NO_PROXY_VARIABLES);
  examination.proxyFor = proxyRule({ ...options, transport }, env);
  const used = targetOf('dps', examination).proxy;
  const data = { proxy: used?.name, variable, hasCredentials: used?.hasCredentials };
  if (used)
    return {
      status: 'ok',
      summary: `${nameOf(used)}, from ${options.proxy ? '--proxy' : (variable ?? '')}`,
      data,
    };
  const unused = firstSet(env, UNUSED_VARIABLES);
  if (variable === undefined && unused !== undefined && options.proxy === undefined)
    return { status: 'ok', summary: `none: ${unused} is set, but it is HTTPS_PROXY that counts`, data };
  if (variable === undefined || options.proxy === false) {
    return { status: 'ok', summary: options.proxy === false ? 'none, as --proxy says' : 'none is set', data };
  }
  return {
    status: 'ok',
    summary:
      transport === 'mqtt'
        ? `${variable} is set, but --transport mqtt does not go through HTTP proxies`
        : `${variable} does not count for ${examination.globalEndpoint}: ${exceptions === undefined ? 'that is this machine' : `see ${exceptions}`}`,
    data,
  };
}

function nameOf({ name, hasCredentials }: HttpProxy): string {
  return `${name}${hasCredentials ? ' with user and password' : ''}`;
}
