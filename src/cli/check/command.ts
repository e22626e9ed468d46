import { defineCommand } from '../command';
import { deviceFlags } from '../device/flags';
import { proxyFlag } from '../device/proxy';
import { flagTable } from '../flags/spec';
import { jsonFlag } from '../global-flags';
import type * as Implementation from './run';

/** The flags of `check`. */
export const flags = flagTable({ ...deviceFlags, ...proxyFlag, ...jsonFlag });

/** The command `check`. */
export const check = defineCommand({
  name: 'check',
  summary:
    'Checks certificate, chain, key and settings for a kind of enrollment, without touching the network',
  description: [
    'Applies every rule that connecting applies, and says what to do about each finding. An error keeps the device from connecting, a warning may, an info never does.',
    'It takes the flags of "provision" and "connect", so that the same line can be checked first. The exit code is 1 when there is an error.',
  ],
  flags,
  examples: [
    {
      does: 'Check what a device of an enrollment group presents',
      line: 'azure-iot-x509 check --enrollment hub-group --cert certificates/pump-2-chain.crt --key certificates/pump-2.key',
    },
    { does: 'Check what a profile holds', line: 'azure-iot-x509 check --profile device.json' },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
