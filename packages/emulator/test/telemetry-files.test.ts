import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type TelemetryMessage } from 'azure-iot-emulator';
import { toJsonLine } from '../src/hub/telemetry/json-lines';
import { expectNothingLeft } from '../../../test/support/leaks';
import { connectToHub, createHubDevice } from './support/clients';
import { useEmulator } from './support/emulator';
import type { RawClient } from './support/raw-client';

/* hub.writeTelemetryTo(): telemetry in a file, one line of JSON a message. */

const context = useEmulator();
let count = 0;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'telemetry-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

interface Line {
  readonly enqueuedTime: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly systemProperties: Record<string, string>;
  readonly properties: Record<string, string>;
  readonly bodyEncoding: 'json' | 'utf-8' | 'base64';
  readonly body: unknown;
}

function nextFile(): string {
  return join(directory, `${(count += 1)}.jsonl`);
}

async function linesOf(file: string): Promise<readonly Line[]> {
  const text = await readFile(file, 'utf8');
  if (text === '') return [];
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

interface Sender extends AsyncDisposable {
  readonly deviceId: string;
  readonly client: RawClient;
  send(body: string | Buffer, properties?: string): Promise<void>;
}

async function connect(emulator = context.emulator, hub = context.hub): Promise<Sender> {
  const deviceId = `sender-${(count += 1)}`;
  const client = await connectToHub(emulator, hub, deviceId, await createHubDevice(hub, deviceId));
  return {
    deviceId,
    client,
    send: (body, properties = '') =>
      client.publishAcknowledged(`devices/${deviceId}/messages/events/${properties}`, body),
    [Symbol.asyncDispose]: () => client.drop(),
  };
}

describe('A line of a telemetry file', () => {
  test('has the properties and the system properties of the message', async () => {
    await using sender = await connect();
    const file = nextFile();
    await using handle = await context.hub.writeTelemetryTo(file);
    expect(handle.path).toBe(file);
    await sender.send(
      '{"temperature":21.5}',
      'level=high&place=Z%C3%BCrich&%24.mid=m1&%24.ct=application%2Fjson',
    );
    await handle.close();
    const [message] = context.hub.receivedTelemetry(sender.deviceId);
    expect(await linesOf(file)).toEqual([
      {
        enqueuedTime: message?.enqueuedTime.toISOString(),
        deviceId: sender.deviceId,
        systemProperties: { messageId: 'm1', contentType: 'application/json' },
        properties: { level: 'high', place: 'Zürich' },
        bodyEncoding: 'json',
        body: { temperature: 21.5 },
      },
    ]);
  });

  test('names the module, if it is from one', async () => {
    const { emulator, hub } = context;
    await using sender = await connect();
    const { deviceId } = sender;
    const identity = await createSelfSignedCertificate({ commonName: 'module' });
    hub.modules.create({
      deviceId,
      moduleId: 'm',
      authentication: { primaryThumbprint: identity.thumbprint },
    });
    await using module = await connectToHub(emulator, hub, `${deviceId}/m`, identity);
    const file = nextFile();
    await using handle = await hub.writeTelemetryTo(file, { deviceId, moduleId: 'm' });
    await module.publishAcknowledged(`devices/${deviceId}/modules/m/messages/events/`, 'x');
    await handle.close();
    expect(await linesOf(file)).toMatchObject([{ deviceId, moduleId: 'm' }]);
  });

  test.each<[what: string, body: string | Buffer, encoding: string, value: unknown]>([
    ['an object', '{"a":[1,null]}', 'json', { a: [1, null] }],
    ['a number', '21.5', 'json', 21.5],
    ['a string of JSON', '"on"', 'json', 'on'],
    ['several lines of JSON', '{\r\n  "a": "b c"\n}\n', 'json', { a: 'b c' }],
    ['text', 'on', 'utf-8', 'on'],
    ['text that looks like JSON', '{a:1}', 'utf-8', '{a:1}'],
    ['text with quotes and line breaks', 'a "b"\r\nc\u2028', 'utf-8', 'a "b"\r\nc\u2028'],
    ['text that looks like what is told of a body', '","body":"', 'utf-8', '","body":"'],
    ['nothing', '', 'utf-8', ''],
    ['JSON after a byte order mark', '\uFEFF{}', 'utf-8', '\uFEFF{}'],
    ['bytes', Buffer.from([0xff, 0x00, 0x0a]), 'base64', '/wAK'],
  ])('has a body that is %s in a form that is not ambiguous', (_what, body, encoding, value) => {
    const line = toJsonLine({ ...message(), body: Buffer.from(body) });
    expect(JSON.parse(line)).toMatchObject({ bodyEncoding: encoding, body: value });
  });

  test('keeps numbers as they were written', () => {
    const text = '{"id":12345678901234567890,"x":1.0}';
    expect(toJsonLine({ ...message(), body: Buffer.from(text) })).toContain(`"body":${text}}\n`);
  });

  test('is one line, from which any body can be read back', () => {
    const bodies = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc
        .tuple(fc.jsonValue(), fc.nat(4))
        .map(([value, indent]) => Buffer.from(JSON.stringify(value, null, indent))),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const line = toJsonLine({ ...message(), body });
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const parsed = JSON.parse(line) as Line;
        if (parsed.bodyEncoding === 'json') expect(parsed.body).toEqual(JSON.parse(body.toString()));
        else expect(Buffer.from(String(parsed.body), parsed.bodyEncoding)).toEqual(body);
      }),
      { numRuns: 1_000 },
    );
  });

  function message(): TelemetryMessage {
    return {
      deviceId: 'd',
      properties: {},
      systemProperties: {},
      body: Buffer.alloc(0),
      enqueuedTime: new Date(),
    };
  }
});

describe('A telemetry file', () => {
  test('has only the messages that were asked for, and all of them when it is closed', async () => {
    await using sender = await connect();
    await using other = await connect();
    const file = nextFile();
    await using handle = await context.hub.writeTelemetryTo(file, { deviceId: sender.deviceId });
    for (let index = 0; index < 50; index++) {
      await sender.send(String(index));
      await other.send('other');
    }
    await Promise.all([handle.close(), handle.close()]);
    await sender.send('after');
    expect((await linesOf(file)).map(({ body }) => body)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  test('is appended to, also after the middle of a line', async () => {
    await using sender = await connect();
    const file = nextFile();
    await writeFile(file, '{"kept":true}\n{"torn":tr');
    for (const text of ['first', 'second']) {
      await using handle = await context.hub.writeTelemetryTo(file);
      await sender.send(text);
      await handle.close();
    }
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"kept":true}', '{"torn":tr']);
    expect(lines.slice(2).map((line) => (JSON.parse(line) as Line).body)).toEqual(['first', 'second']);
  });

  test('can be written by several emulators at once, whose lines stay whole', async () => {
    await using sender = await connect();
    const file = nextFile();
    const handles = await Promise.all([1, 2, 3].map(() => context.hub.writeTelemetryTo(file)));
    for (let index = 0; index < 20; index++) await sender.send('x'.repeat(50_000));
    await Promise.all(handles.map((handle) => handle.close()));
    expect(await linesOf(file)).toHaveLength(60);
  });

  test('is complete when the emulator has closed, and nothing is left behind', async () => {
    const file = nextFile();
    await expectNothingLeft(async () => {
      const emulator = await startEmulator();
      const [hub] = emulator.hubs;
      if (hub === undefined) throw new Error('the emulator has a hub');
      await using sender = await connect(emulator, hub);
      const handle = await hub.writeTelemetryTo(file);
      for (let index = 0; index < 20; index++) await sender.send(String(index));
      await emulator.close();
      expect(await linesOf(file)).toHaveLength(20);
      await handle.close();
      // Nothing comes any more, but that is no reason to fail.
      await (await hub.writeTelemetryTo(file)).close();
    });
    expect(await linesOf(file)).toHaveLength(20);
  });

  test('is refused when it cannot be opened', async () => {
    await using sender = await connect();
    await expect(context.hub.writeTelemetryTo(join(directory, 'no', 'such', 'folder'))).rejects.toMatchObject(
      {
        name: 'FileError',
        code: 'FILE_NOT_WRITABLE',
        path: join(directory, 'no', 'such', 'folder'),
        cause: { code: 'ENOENT' },
      },
    );
    await expect(context.hub.writeTelemetryTo(directory)).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
    });
    await expect(context.hub.writeTelemetryTo(nextFile(), { moduleId: 'm' })).rejects.toMatchObject({
      code: 400004,
    });
    for (let index = 0; index < 1_100; index++)
      sender.client.publish(`devices/${sender.deviceId}/messages/events/`, 'x');
    await sender.client.ping();
  });

  // A device that is always full is something that Linux has.
  const onLinux = existsSync('/dev/full') ? test : test.skip;
  onLinux('that cannot be written is closed and reported, and devices go on sending', async () => {
    await using sender = await connect();
    const file = nextFile();
    await using other = await context.hub.writeTelemetryTo(file);
    const handle = await context.hub.writeTelemetryTo('/dev/full');
    const failed = once(context.hub, 'telemetryFileFailed');
    await sender.send('lost');
    const [event] = (await failed) as [{ path: string; error: Error }];
    expect(event).toMatchObject({
      path: '/dev/full',
      error: { name: 'FileError', cause: { code: 'ENOSPC' } },
    });
    await expect(handle.close()).rejects.toBe(event.error);
    await expect(handle.close()).rejects.toBe(event.error);
    await sender.send('kept');
    await other.close();
    expect((await linesOf(file)).map(({ body }) => body)).toEqual(['lost', 'kept']);
  });
});
