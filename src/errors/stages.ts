import { PROXY_REMEDY } from './proxy-error';
import type { WireStage } from './wire-error';

/** What has not happened at each stage, as the beginning of a sentence that a time ends. */
const UNDONE: Readonly<Record<WireStage, (host: string, proxy: string) => string>> = {
  lookup: (host) => `The name server did not answer for ${host}`,
  proxy: (host, proxy) => `The proxy ${proxy} did not make a connection to ${host}`,
  connect: (host) => `${host} did not accept a connection`,
  tls: (host) => `${host} accepted the connection but did not answer the TLS handshake`,
  upgrade: (host) => `${host} did not answer the WebSocket handshake`,
  connack: (host) => `${host} did not answer the MQTT CONNECT packet`,
  subscribe: (host) => `${host} did not acknowledge a subscription`,
  unsubscribe: (host) => `${host} did not acknowledge the end of a subscription`,
  publish: (host) => `${host} did not acknowledge a message`,
  ping: (host) => `${host} did not answer a ping`,
};

const REMEDIES: Readonly<Partial<Record<WireStage, string>>> = {
  lookup: 'Check that this machine has a network connection and a working name server.',
  proxy: PROXY_REMEDY,
};
const REMEDY =
  'Check the endpoint, the network and the firewall; a proxy or firewall that swallows port 8883 can be avoided with transport "mqtt-ws".';

/** The explanation of a stage that was not over in time. */
export function explainSilence(
  stage: WireStage,
  { host, timeoutMs, proxy = '' }: { host: string; timeoutMs: number; proxy?: string | undefined },
): { message: string; remedy: string } {
  return {
    message: `${UNDONE[stage](host, proxy)} within ${timeoutMs / 1000} s.`,
    remedy: REMEDIES[stage] ?? REMEDY,
  };
}
