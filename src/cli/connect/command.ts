import { defineCommand } from '../command';
import { deviceFlags, proxyFlag } from '../device/flags';
import { duration, json, repeatable, text, toggle, withDefault } from '../flags';
import type * as Implementation from './run';

/** The flags of `connect`. */
export const flags = {
  ...deviceFlags,
  ...proxyFlag,
  telemetry: json('Sends this message when connected: JSON, or @FILE.'),
  every: duration('Sends the message of --telemetry again and again, this long apart.', 100),
  stdin: toggle(
    'Sends each line of standard input as a message. At its end, waits until all are delivered, and closes.',
  ),
  property: repeatable(text('name=value', 'Application property of every message that is sent.')),
  contentType: withDefault(text('type', 'Content type of every message that is sent.'), 'application/json'),
  report: json('Reports these properties in the device twin when connected: a JSON object, or @FILE.'),
  methodResponse: repeatable(
    text('name=json', 'The payload that answers calls of this direct method; all others are answered {}.'),
  ),
  methodStatus: repeatable(
    text('name=status', 'The status that answers calls of this direct method; all others get 200.'),
  ),
  once: toggle(
    'Sends what the other flags say, waits until it is delivered, and closes. Receives nothing, so that messages to the device stay where they are.',
  ),
  for: duration('Closes this long after it has connected.', 1),
  json: toggle('Prints each event as one line of JSON on stdout.'),
};

/** The command `connect`. */
export const connect = defineCommand({
  name: 'connect',
  summary: 'Connects a device to its hub, stays connected, and shows what comes and goes',
  description: [
    'Registers with DPS, connects to the assigned hub and stays connected until Ctrl-C: a lost connection is made again. Shows each change of the state, messages to the device (which are completed), calls of direct methods (which are answered) and desired properties, and sends telemetry.',
    'Standard input is read with --stdin only, never because it happens to be a pipe: services and CI start programs with an input that is empty or never ends.',
    'Ctrl-C waits up to 10 seconds for telemetry that is under way, then closes; a second one ends the program at once. The exit code is 0, or 1 when connecting failed, the connection was given up, or a message or report was not delivered.',
    'A hub knows one connection a device: while this command runs, it takes the place of the real device.',
  ],
  flags,
  examples: [
    { does: 'Connect and see what comes', line: 'azure-iot-x509 connect --profile device.json' },
    {
      does: 'Send one message, for scripts',
      line: `azure-iot-x509 connect --profile device.json --once --telemetry '{"temperature":21.5}'`,
    },
    {
      does: 'Send a message every 5 seconds for a minute',
      line: `azure-iot-x509 connect --profile device.json --telemetry '{"temperature":21.5}' --every 5s --for 1m`,
    },
    {
      does: 'Send what another program writes, a message a line',
      line: 'read-sensor | azure-iot-x509 connect --profile device.json --stdin',
    },
    {
      does: 'Answer a direct method',
      line: `azure-iot-x509 connect --profile device.json --method-response 'reboot={"delay":5}' --method-status reboot=202`,
    },
  ],
  run: (invocation) => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- other commands need not load the library
    const { runConnect } = require('./run') as typeof Implementation;
    return runConnect(invocation);
  },
});
