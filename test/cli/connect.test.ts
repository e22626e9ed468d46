import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TelemetryMessage } from 'azure-iot-emulator';
import { connect } from '../../src/cli/connect/command';
import { runConnect } from '../../src/cli/connect/run';
import { useEmulator } from '../../packages/emulator/test/support/emulator';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedServer } from '../support/scripted-server';
import { useDirectory, writeDevice, type DeviceFiles } from './support/device-files';
import { MemoryIo } from './support/memory-io';
import { runCommand } from './support/run-command';

const running = useEmulator();
const directory = useDirectory();
let device: DeviceFiles;
let number = 0;

/** Each test has a device of its own. */
beforeEach(async () => {
  device = await writeDevice(directory.path, running.emulator, 'hub-individual', `pump-${++number}`);
});

const deviceId = () => device.enrolled.registrationId;

const pace = { minDelayMs: 5, maxDelayMs: 20 };

/** The command, with no second lost. */
const command: typeof connect = {
  ...connect,
  run: (invocation) => runConnect(invocation, { drainMs: 300, reconnect: pace }),
};

interface Call {
  readonly io: MemoryIo;
  readonly code: Promise<number>;
}

/** Starts the command with the flags of the device, and more. */
function start(...more: string[]): Call {
  const io = new MemoryIo();
  return { io, code: runCommand(command, [...device.flags, ...more], io) };
}

/** Starts it and waits until it has connected and listens to everything. */
async function connected(...more: string[]): Promise<Call> {
  const call = start(...more);
  // The reading of the twin is the last thing that it asks for.
  await call.io.until(({ out }) => /\btwin\b/.test(out));
  return call;
}

const telemetry = () => running.hub.receivedTelemetry(deviceId());
const bodies = (messages: readonly TelemetryMessage[]) => messages.map(({ body }) => body.toString());
const events = (io: MemoryIo, name: string) =>
  (io.jsonLines as readonly Record<string, unknown>[]).filter(({ event }) => event === name);

async function stop({ io, code }: Call): Promise<number> {
  io.interrupt();
  return await code;
}

describe('connect, when something is wrong:', () => {
  test.each<[string, string[], RegExp]>([
    ['--every without --telemetry', ['--every', '5s'], /--every needs --telemetry/],
    [
      '--every with --once',
      ['--telemetry', '1', '--every', '5s', '--once'],
      /--every makes no sense with --once/,
    ],
    ['telemetry that is no JSON', ['--telemetry', '{temperature'], /--telemetry must be JSON/],
    ['a property without a value', ['--property', 'alert'], /--property must be NAME=VALUE, not "alert"/],
    ['a report that is no object', ['--report', '[1]'], /--report must be a JSON object/],
    ['an answer that is no JSON', ['--method-response', 'reboot=now'], /--method-response must be NAME=JSON/],
    ['a status that is no number', ['--method-status', 'reboot=ok'], /--method-status must be NAME=STATUS/],
    ['a status that cannot be sent', ['--method-status', 'reboot=0'], /other than 0/],
    ['answers with --once', ['--method-response', 'a=1', '--once'], /--method-response makes no sense/],
    ['a proxy without WebSockets', ['--proxy', 'http://proxy:8080'], /--proxy is given, but MQTT over TCP/],
  ])('%s is refused before anything is sent', async (_what, flags, message) => {
    const { io, code } = start(...flags);
    expect(await code).toBe(2);
    expect(io.err).toMatch(message);
    expect(io.out).toBe('');
    expect(running.emulator.dps.registrations.get(deviceId())).toBeUndefined();
  });

  test('a refusal by DPS is explained', async () => {
    running.emulator.dps.individualEnrollments.update(deviceId(), { provisioningStatus: 'disabled' });
    const { io, code } = start();
    expect(await code).toBe(1);
    expect(io.out).toBe('');
    expect(io.err).toMatch(/^Connecting …$/m);
    expect(io.err).toMatch(/^error: The Device Provisioning Service .*pump-/m);
    expect(io.err).toMatch(/^What to do: /m);
  });

  test('with --json, the error is the last line', async () => {
    running.emulator.dps.individualEnrollments.update(deviceId(), { provisioningStatus: 'disabled' });
    const { io, code } = start('--json');
    expect(await code).toBe(1);
    expect(io.jsonLines.at(-1)).toMatchObject({ error: { service: 'dps', isTransient: false } });
  });

  test('an interruption while it connects ends it with 130, and nothing stays open', async () => {
    await using server = await startScriptedServer(() => undefined);
    const caFile = join(directory.path, 'silent.pem');
    writeFileSync(caFile, server.ca);
    const io = new MemoryIo();
    const credentials = ['--cert', device.certFile, '--key', device.keyFile, '--ca', caFile];
    const args = [
      '--enrollment',
      'hub-individual',
      '--id-scope',
      '0ne00ABCDEF',
      '--endpoint',
      server.endpoint,
    ];
    await expectNothingLeft(async () => {
      const code = runCommand(command, [...args, ...credentials], io);
      await io.until(({ err }) => err.includes('Connecting'));
      io.interrupt();
      expect(await code).toBe(130);
      for (const client of server.clients) client.drop();
    });
  });

  test('a message that is too large is not delivered', async () => {
    const file = join(directory.path, 'large.json');
    writeFileSync(file, JSON.stringify('x'.repeat(300_000)));
    const { io, code } = start('--once', '--telemetry', `@${file}`, '--json');
    expect(await code).toBe(1);
    expect(events(io, 'undelivered')).toMatchObject([{ error: { code: 'INVALID_OPTIONS' } }]);
    expect(io.err).toContain('1 message not delivered.');
  });

  test('messages that cannot be delivered before the end are shown, and the exit code is 1', async () => {
    await expectNothingLeft(async () => {
      const call = await connected('--stdin', '--json');
      await running.hub.stop();
      try {
        await call.io.until(({ out }) => out.includes('"reconnecting"'));
        (call.io.stdin as unknown as NodeJS.WritableStream).write('{"n":1}\n{"n":2}\n');
        // Its being read cannot be seen from outside.
        await new Promise((resolve) => setImmediate(resolve));
        expect(await stop(call)).toBe(1);
      } finally {
        await running.hub.start();
      }
      expect(events(call.io, 'undelivered')).toMatchObject([
        { body: '{"n":1}', error: { code: 'CONNECTION_CLOSED' } },
        { body: '{"n":2}', error: { code: 'CONNECTION_CLOSED' } },
      ]);
      expect(call.io.err).toContain('Waiting for 2 messages to be delivered');
      expect(call.io.err).toContain('2 messages not delivered.');
    });
  });

  test('--once exits with 130 when it is interrupted before everything is delivered', async () => {
    const seen = once(running.hub, 'deviceConnected');
    const { io, code } = start('--once', '--stdin');
    await seen;
    await io.until(({ out }) => out.includes('connected to'));
    io.interrupt();
    expect(await code).toBe(130);
  });

  test('the attempts of a first connection are shown, and it works when the hub is back', async () => {
    await running.hub.stop();
    const call = start('--json', '--once', '--telemetry', '1');
    await call.io.until(({ out }) => out.includes('"attempt":3'));
    await running.hub.start();
    expect(await call.code).toBe(0);
    const [first] = events(call.io, 'state');
    expect(first).toMatchObject({ status: 'connecting', attempt: 2, error: { code: 'CONNECTION_REFUSED' } });
    expect(events(call.io, 'state').at(-2)).toMatchObject({ status: 'connected', deviceId: deviceId() });
  });

  test('a first connection that fails until --timeout ends it with the error of the last attempt', async () => {
    await running.hub.stop();
    try {
      const { io, code } = start('--timeout', '2s');
      expect(await code).toBe(1);
      expect(io.out).toMatch(/Nothing accepts connections at .* Attempt 2 in /);
      expect(io.err).toMatch(/Nothing accepts connections at .* attempts? failed\./);
    } finally {
      await running.hub.start();
    }
  });

  test('a connection that is given up ends it with an error that says why', async () => {
    const io = new MemoryIo();
    const givingUp: typeof connect = {
      ...connect,
      run: (invocation) =>
        runConnect(invocation, { drainMs: 300, reconnect: { ...pace, giveUpAfterRefusedMs: 1_000 } }),
    };
    const call = { io, code: runCommand(givingUp, [...device.flags, '--json'], io) };
    await io.until(({ out }) => /\btwin\b/.test(out));
    running.emulator.dps.individualEnrollments.update(deviceId(), { provisioningStatus: 'disabled' });
    running.hub.devices.disable(deviceId());
    expect(await call.code).toBe(1);
    const states = events(call.io, 'state');
    expect(states.map(({ status }) => status)).toContain('reconnecting');
    expect(states.at(-1)).toMatchObject({ status: 'closed', error: { service: 'dps' } });
    expect(call.io.jsonLines.at(-1)).toMatchObject({ error: { service: 'dps', isTransient: false } });
  });
});

describe('connect, for messages to the hub:', () => {
  test('--once sends a message, waits until it is delivered, and closes', async () => {
    await expectNothingLeft(async () => {
      const { io, code } = start(
        ...['--once', '--telemetry', '{"temperature": 21.5}'],
        ...['--property', 'alert=no', '--property', 'formula=a=b', '--content-type', 'text/x-reading'],
      );
      expect(await code).toBe(0);
      expect(io.out).toMatch(/ {2}sent \{"temperature":21\.5\}$/m);
      expect(io.out).toMatch(/ {2}closed$/m);
    });
    expect(telemetry()).toMatchObject([
      {
        properties: { alert: 'no', formula: 'a=b' },
        systemProperties: { contentType: 'text/x-reading', contentEncoding: 'utf-8' },
      },
    ]);
    expect(bodies(telemetry())).toEqual(['{"temperature":21.5}']);
  });

  test('--once does not receive messages to the device', async () => {
    await start('--once').code;
    const { outcome } = await running.hub.sendCloudToDevice(deviceId(), { body: 'for the real device' });
    const { io, code } = start('--once', '--telemetry', '1');
    expect(await code).toBe(0);
    expect(io.out).not.toContain('received');
    expect(await Promise.race([outcome, Promise.resolve('waiting')])).not.toBe('Success');
  });

  test('--report changes the reported properties of the twin', async () => {
    const { io, code } = start('--once', '--report', '{"firmware":"1.2.3"}', '--json');
    expect(await code).toBe(0);
    expect(events(io, 'reported-properties')).toMatchObject([{ patch: { firmware: '1.2.3' } }]);
    expect(running.hub.getTwin(deviceId()).properties.reported).toMatchObject({ firmware: '1.2.3' });
  });

  test('--every sends the message again and again, and --for ends the command', async () => {
    const { io, code } = start('--telemetry', '{"n":1}', '--every', '100ms', '--for', '350ms');
    expect(await code).toBe(0);
    expect(telemetry().length).toBeGreaterThanOrEqual(3);
    expect(io.out.match(/ sent /g)).toHaveLength(telemetry().length);
  });

  test('--stdin sends each line as a message, and waits at the end of the input until all are delivered, also during an outage', async () => {
    await expectNothingLeft(async () => {
      const { io, code } = await connected('--stdin', '--json');
      const input = io.stdin as unknown as NodeJS.WritableStream;
      await running.hub.stop();
      await io.until(({ out }) => out.includes('"reconnecting"'));
      input.write('{"n":1}\r\n\n   \n{"n"');
      input.write(':2}\nthree');
      input.end();
      await running.hub.start();
      expect(await code).toBe(0);
      expect(events(io, 'telemetry').map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}', 'three']);
    });
    expect(bodies(telemetry())).toEqual(['{"n":1}', '{"n":2}', 'three']);
  });

  test('--stdin reports a line that is larger than a message may be, and sends the next one', async () => {
    const { io, code } = start('--stdin', '--once', '--json');
    const input = io.stdin as unknown as NodeJS.WritableStream;
    for (let part = 0; part < 30; part++) input.write('x'.repeat(10_000));
    input.end('\nafter\n');
    expect(await code).toBe(1);
    expect(bodies(telemetry())).toEqual(['after']);
    expect(events(io, 'undelivered')).toMatchObject([{ error: { code: 'INVALID_OPTIONS' } }]);
  });

  test('--stdin delivers more lines than may be under way at once', async () => {
    const { io, code } = start('--stdin', '--once');
    const input = io.stdin as unknown as NodeJS.WritableStream;
    for (let line = 0; line < 500; line++) input.write(`${line}\n`);
    input.end();
    expect(await code).toBe(0);
    expect(bodies(telemetry())).toEqual(Array.from({ length: 500 }, (_, line) => String(line)));
  });

  test('standard input is not read without --stdin', async () => {
    const { io, code } = start('--once', '--telemetry', '1');
    (io.stdin as unknown as NodeJS.WritableStream).write('not for the hub\n');
    expect(await code).toBe(0);
    expect(bodies(telemetry())).toEqual(['1']);
    expect(io.stdin.read()).toEqual(Buffer.from('not for the hub\n'));
  });
});

describe('connect, for what the hub sends:', () => {
  test('messages to the device are shown and completed', async () => {
    const call = await connected();
    const { outcome } = await running.hub.sendCloudToDevice(deviceId(), {
      body: 'Filter change is due',
      messageId: 'm-1',
      properties: { priority: 'low' },
    });
    expect(await outcome).toBe('Success');
    expect(await stop(call)).toBe(0);
    expect(call.io.out).toMatch(/ {2}received Filter change is due \(messageId=m-1, .*priority=low\)$/m);
  });

  test('control characters in a message are escaped', async () => {
    const call = await connected();
    const { outcome } = await running.hub.sendCloudToDevice(deviceId(), { body: 'a\u001b[2Jb\nc' });
    await outcome;
    expect(await stop(call)).toBe(0);
    expect(call.io.out).toContain('received a\\u001b[2Jb\\u000ac');
  });

  test.each(['reboot', 'constructor', 'toString'])(
    'the direct method %s is answered 200 {}',
    async (methodName) => {
      const call = await connected();
      const answer = await running.hub.invokeMethod(deviceId(), { methodName, payload: { delay: 5 } });
      expect(answer).toEqual({ status: 200, payload: {} });
      expect(await running.hub.invokeMethod(deviceId(), { methodName })).toEqual(answer);
      expect(await stop(call)).toBe(0);
      expect(call.io.out).toContain(`method ${methodName}({"delay":5}) answered 200 {}`);
    },
  );

  test('direct methods are answered as --method-response and --method-status say, also after a reconnect', async () => {
    const call = await connected(
      '--method-response',
      'reboot={"a":"=b"}',
      '--method-status',
      'reboot=202',
      '--json',
    );
    const invoke = (methodName: string) => running.hub.invokeMethod(deviceId(), { methodName });
    expect(await invoke('reboot')).toEqual({ status: 202, payload: { a: '=b' } });
    const subscribed = new Promise<void>((resolve) => {
      running.hub.on('deviceSubscribed', (event) => {
        if (event.deviceId === deviceId() && event.topicFilter.startsWith('$iothub/methods')) resolve();
      });
    });
    running.hub.disconnectDevice(deviceId());
    await subscribed;
    expect(await invoke('reboot')).toEqual({ status: 202, payload: { a: '=b' } });
    expect(await invoke('other')).toEqual({ status: 200, payload: {} });
    expect(await stop(call)).toBe(0);
    expect(events(call.io, 'method')).toMatchObject([
      { method: 'reboot', payload: null, answer: { status: 202 } },
      { method: 'reboot' },
      { method: 'other', answer: { status: 200, payload: {} } },
    ]);
  });

  test('the twin is shown, and then each change of the desired properties', async () => {
    await start('--once').code;
    running.hub.updateDesiredProperties(deviceId(), { interval: 30 });
    const call = await connected('--json');
    running.hub.updateDesiredProperties(deviceId(), { interval: 60 });
    await call.io.until(({ out }) => out.includes('desired-properties'));
    expect(await stop(call)).toBe(0);
    expect(events(call.io, 'twin')).toMatchObject([{ desired: { interval: 30 }, reported: {} }]);
    expect(events(call.io, 'desired-properties')).toMatchObject([{ patch: { interval: 60 } }]);
  });
});

describe('connect, for the state of the connection:', () => {
  test('each change of the state is an event with --json', async () => {
    const call = await connected('--json');
    running.hub.disconnectDevice(deviceId());
    await call.io.until(
      (io) => events(io, 'state').filter(({ status }) => status === 'connected').length === 2,
    );
    expect(await stop(call)).toBe(0);
    const states = events(call.io, 'state');
    expect(states.map(({ status }) => status)).toEqual([
      'connected',
      ...['reconnecting', 'reconnecting', 'connected'],
      'closed',
    ]);
    expect(states[0]).toMatchObject({ assignedHub: running.hub.hostName, deviceId: deviceId() });
    expect(states[1]).toMatchObject({
      attempt: 1,
      error: { code: 'CONNECTION_LOST' },
      advice: expect.stringContaining('Connecting again by itself') as string,
      nextAttemptAt: expect.stringMatching(/^\d{4}-/) as string,
    });
    for (const { at } of call.io.jsonLines as { at: string }[]) expect(Date.parse(at)).not.toBeNaN();
  });

  test('each change of the state is shown in words', async () => {
    const call = await connected();
    running.hub.disconnectDevice(deviceId());
    await call.io.until(({ out }) => (out.match(/ connected to /g) ?? []).length === 2);
    expect(await stop(call)).toBe(0);
    expect(call.io.out).toMatch(/ {2}connected to localhost:\d+ as pump-\d+$/m);
    expect(call.io.out).toMatch(/ended the connection.*\. Attempt 1 in \d+ ms\. Connecting again by itself/);
    // It does so by itself; whoever reads this need not.
    expect(call.io.out).not.toMatch(/try again/i);
    expect(call.io.out).toMatch(/ {2}connecting again \(attempt 1\)$/m);
    expect(call.io.err).toBe('Connecting …\n');
  });

  test('a certificate that expires soon is a warning on stderr', async () => {
    device = await writeDevice(directory.path, running.emulator, 'hub-individual', `pump-${++number}`, {
      validity: { days: 5 },
    });
    const { io, code } = start('--once', '--json');
    expect(await code).toBe(0);
    expect(io.err).toMatch(/^warning: .*expire/m);
  });

  test('it ends when the reader of its output has gone', async () => {
    const { io, code } = await connected();
    const left = once(running.hub, 'deviceDisconnected');
    io.closeOutput();
    expect(await code).toBe(0);
    expect(await left).toMatchObject([{ deviceId: deviceId() }]);
  });

  test('--assignment-file spares the second start a registration', async () => {
    const file = join(directory.path, 'assignments.json');
    expect(await start('--once', '--assignment-file', file).code).toBe(0);
    const registered = running.emulator.dps.registrations.get(deviceId())?.lastUpdatedDateTimeUtc;
    expect(await start('--once', '--assignment-file', file).code).toBe(0);
    expect(running.emulator.dps.registrations.get(deviceId())?.lastUpdatedDateTimeUtc).toBe(registered);
  });
});
