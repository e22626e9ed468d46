import { lookup } from 'node:dns/promises';
import { DEFAULT_GLOBAL_ENDPOINT, validateConnectOptions } from '../../options/validate';
import type { Invocation } from '../command';
import { proxyOption } from '../device/flags';
import { connectOptions } from '../device/resolve';
import { EXIT } from '../exit-codes';
import type { flags } from './command';
import { examine } from './examine';
import { resultOf, stepPrinter } from './printer';
import type { Examination, Network } from './step';
import { STEPS } from './steps';

/**
 * The action of `doctor`.
 *
 * @param network the parts of the network that tests replace
 */
export async function runDoctor(
  invocation: Invocation<typeof flags>,
  network: Partial<Network> = {},
): Promise<number> {
  const { values, io, output } = invocation;
  const { assignmentFile: _unused, ...settings } = await connectOptions({
    ...invocation,
    values: { ...values, assignmentFile: undefined },
  });
  const options = { ...settings, ...proxyOption(values) };
  validateConnectOptions(options);
  const { transport = 'mqtt', globalEndpoint = DEFAULT_GLOBAL_ENDPOINT } = options;
  const examination: Examination = {
    options,
    transport,
    globalEndpoint,
    network: {
      lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
      ports: { mqtt: 8883, 'mqtt-ws': 443 },
      probeTimeoutMs: 10_000,
      env: io.env,
      now: () => io.now(),
      ...network,
    },
  };
  const steps = STEPS.filter(({ name }) => name !== 'telemetry' || !values.skipTelemetry);
  output.progress('Examining');
  const reports = await examine(examination, steps, stepPrinter(output, io), io.signal);
  output.result(resultOf(reports, examination.registration?.deviceId));
  return reports.some(({ status }) => status === 'failed') ? EXIT.failed : EXIT.ok;
}
