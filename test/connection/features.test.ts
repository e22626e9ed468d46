import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import { connectDevice, type ConnectionState, type DeviceConnection } from 'azure-iot-x509';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedHub, type ScriptedHub } from '../support/scripted-hub';
import type { ScriptedClient } from '../support/scripted-server';

/* A hub that refuses one feature: the others and telemetry go on, and the state has a warning. */

let hub: ScriptedHub | undefined;
let connection: DeviceConnection | undefined;

afterEach(async () => {
  jest.useRealTimers();
  await connection?.close();
  connection = undefined;
  await hub?.close();
  hub = undefined;
});

const FEATURES = {
  messages: {
    topic: 'devices/dev-1/messages/devicebound/#',
    use: ({ client }: DeviceConnection) => void client.on('message', () => undefined),
    named: /refused cloud-to-device messages;/,
  },
  methods: {
    topic: '$iothub/methods/POST/#',
    use: (device: DeviceConnection) => device.onMethod('reboot', () => 'done'),
    named: /refused direct methods;/,
  },
  'desired properties': {
    topic: '$iothub/twin/PATCH/properties/desired/#',
    use: (device: DeviceConnection) =>
      void device.client.getTwin().then((twin) => twin.on('properties.desired', () => undefined)),
    named: /refused the desired properties of the device twin;/,
  },
};
const NAMES = Object.keys(FEATURES) as (keyof typeof FEATURES)[];
const TWIN_ANSWERS = '$iothub/twin/res/#';

type Reaction = 'refuse' | 'drop' | 'grant' | 'ignore';

/** What the hub saw. */
interface Log {
  readonly bodies: string[];
  /** The topic filters of all SUBSCRIBE packets. */
  readonly topics: string[];
  connections: number;
}

/**
 * Starts a hub that acknowledges telemetry, answers reads of the twin and updates, and reacts to each SUBSCRIBE as it is
 * told.
 */
async function start(
  react: (topic: string, number: number) => Reaction,
): Promise<{ options: ScriptedHub['options']; log: Log }> {
  const log: Log = { bodies: [], topics: [], connections: 0 };
  hub = await startScriptedHub(async (client, number) => {
    log.connections = number;
    await client.accept();
    void subscriptions(client, number, log, react).catch(() => undefined);
    for (;;) await publications(client, log);
  });
  return { options: { ...hub.options, reconnect: { minDelayMs: 1, maxDelayMs: 2 } }, log };
}

async function subscriptions(
  client: ScriptedClient,
  number: number,
  log: Log,
  react: (topic: string, number: number) => Reaction,
): Promise<void> {
  for (;;) {
    const { messageId = 0, subscriptions: asked } = await client.expect('subscribe');
    const topic = asked.map((one) => one.topic).join();
    log.topics.push(topic);
    const reaction = react(topic, number);
    if (reaction === 'drop') client.drop();
    else if (reaction !== 'ignore')
      client.send({ cmd: 'suback', messageId, granted: [reaction === 'refuse' ? 0x80 : 0] });
  }
}

async function publications(client: ScriptedClient, log: Log): Promise<void> {
  const { topic, payload } = await client.acceptPublish();
  const rid = /\$rid=(.*)$/.exec(topic)?.[1] ?? '';
  const isRead = topic.startsWith('$iothub/twin/GET/');
  if (isRead || topic.startsWith('$iothub/twin/PATCH/')) {
    client.send({
      cmd: 'publish',
      topic: `$iothub/twin/res/${isRead ? 200 : 204}/?$rid=${rid}`,
      payload: isRead ? '{"desired":{"$version":1},"reported":{"$version":1}}' : '',
      qos: 0,
      dup: false,
      retain: false,
    });
  } else log.bodies.push(String(payload));
}

async function connect(options: ScriptedHub['options']): Promise<DeviceConnection> {
  connection = await connectDevice(options);
  return connection;
}

async function untilWarned(
  device: DeviceConnection,
): Promise<Extract<ConnectionState, { status: 'connected' }>> {
  for (;;) {
    if (device.state.status === 'connected' && device.state.warning) return device.state;
    await once(device, 'state');
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each(NAMES)(
  'a hub that refuses the subscription to %s keeps its connection, and the state has a warning',
  async (name) => {
    const { topic, use, named } = FEATURES[name];
    const { options, log } = await start((asked) => (asked === topic ? 'refuse' : 'grant'));
    const device = await connect(options);
    use(device);
    const { warning, warnings } = await untilWarned(device);
    expect(warning).toMatchObject({ code: 'FEATURE_REFUSED', service: 'hub', isTransient: false });
    expect(warning?.message).toMatch(named);
    expect(warning?.message).toMatch(/Basic tier/);
    expect(warning?.message).toContain(options.globalEndpoint);
    expect(warnings).toEqual([warning]);
    await device.client.sendEvent(new Message('telemetry goes on'));
    expect(log).toMatchObject({ connections: 1, bodies: ['telemetry goes on'] });
  },
);

test.each(NAMES)(
  'a hub that ends each connection at the subscription to %s loses that feature, after few connections',
  async (name) => {
    const { topic, use, named } = FEATURES[name];
    const { options, log } = await start((asked) => (asked === topic ? 'drop' : 'grant'));
    const device = await connect(options);
    await device.client.sendEvent(new Message('telemetry goes first'));
    use(device);
    const { warning } = await untilWarned(device);
    expect(warning).toMatchObject({ code: 'FEATURE_REFUSED', cause: { code: 'CONNECTION_LOST' } });
    expect(warning?.message).toMatch(named);
    await device.client.sendEvent(new Message('telemetry goes on'));
    expect(log.bodies.at(-1)).toBe('telemetry goes on');
    expect(log.topics.filter((asked) => asked === topic)).toHaveLength(2);
    expect(log.connections).toBe(3);
  },
);

test.each<Reaction>(['refuse', 'drop'])(
  'one warning names all features of a hub that has none (%s)',
  async (reaction) => {
    const { options, log } = await start(() => reaction);
    const device = await connect(options);
    FEATURES.messages.use(device);
    FEATURES.methods.use(device);
    await expect(device.client.getTwin()).rejects.toMatchObject({ code: 'FEATURE_REFUSED' });
    const both = /refused (?=.*cloud-to-device messages)(?=.*direct methods)(?=.*device twin)/;
    let { warning } = await untilWarned(device);
    while (!both.test(warning?.message ?? '')) {
      await once(device, 'state');
      ({ warning } = await untilWarned(device));
    }
    await device.client.sendEvent(new Message('telemetry goes on'));
    expect(log.bodies).toEqual(['telemetry goes on']);
    expect(log.connections).toBeLessThanOrEqual(5);
  },
);

test.each<Reaction>(['refuse', 'drop'])(
  'twin operations of a hub without twins reject, the second one at once (%s)',
  async (reaction) => {
    const { options, log } = await start((topic) => (topic === TWIN_ANSWERS ? reaction : 'grant'));
    const device = await connect(options);
    const refusal = {
      code: 'FEATURE_REFUSED',
      message: expect.stringMatching(/reading and reporting the device twin/) as unknown,
    };
    await expect(device.client.getTwin()).rejects.toMatchObject(refusal);
    const asked = log.topics.length;
    await expect(device.reportProperties({ a: 1 })).rejects.toMatchObject(refusal);
    await expect(device.client.getTwin()).rejects.toMatchObject(refusal);
    expect(log.topics).toHaveLength(asked);
    expect((await untilWarned(device)).warning).toMatchObject(refusal);
  },
);

test('telemetry that waits is sent before the features are enabled', async () => {
  const seen: string[] = [];
  hub = await startScriptedHub(async (client, number) => {
    await client.accept();
    if (number === 1) {
      await client.acceptSubscription();
      client.drop();
      return;
    }
    // Neither SUBACK nor PUBACK before both have come.
    const [{ messageId = 0, payload }] = await Promise.all([
      client.expect('publish'),
      client.expect('subscribe'),
    ]);
    seen.push(String(payload));
    client.send({ cmd: 'puback', messageId });
  });
  const device = await connect({ ...hub.options, reconnect: { minDelayMs: 1, maxDelayMs: 2 } });
  FEATURES.methods.use(device);
  while (device.state.status !== 'reconnecting') await once(device, 'state');
  // The subscription is never acknowledged.
  await device.client.sendEvent(new Message('first'));
  expect(seen).toEqual(['first']);
});

test('a single lost connection at a subscription is no refusal', async () => {
  const { options, log } = await start((_topic, number) => (number === 1 ? 'drop' : 'grant'));
  const device = await connect(options);
  FEATURES.methods.use(device);
  while (log.connections < 2 || device.state.status !== 'connected') await once(device, 'state');
  expect(device.state).not.toHaveProperty('warning');
  expect(log.topics).toEqual([FEATURES.methods.topic, FEATURES.methods.topic]);
});

test('a refused feature is left out on the next connection, the others are enabled', async () => {
  const { options, log } = await start((topic) => (topic === FEATURES.methods.topic ? 'refuse' : 'grant'));
  const device = await connect(options);
  FEATURES.methods.use(device);
  FEATURES.messages.use(device);
  await untilWarned(device);
  while (!log.topics.includes(FEATURES.messages.topic)) await turn();
  log.topics.length = 0;
  hub?.server.clients.at(-1)?.drop();
  await once(device, 'state');
  while (device.state.status !== 'connected') await once(device, 'state');
  expect(log.topics).toEqual([FEATURES.messages.topic]);
  expect(device.state).toMatchObject({ warning: { code: 'FEATURE_REFUSED' } });
});

test('a refused feature is tried again after a minute, and its warning ends when the hub grants it', async () => {
  let isStandard = false;
  const { options, log } = await start(() => (isStandard ? 'grant' : 'refuse'));
  // The hub of this test does not answer pings.
  const device = await connect({ ...options, keepAliveSeconds: 1_000 });
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  FEATURES.methods.use(device);
  FEATURES.messages.use(device);
  while (!(await untilWarned(device)).warning?.message.includes('methods and cloud')) await turn();
  jest.advanceTimersByTime(59_000);
  await turn();
  expect(log.topics).toHaveLength(2);
  // The first one alone is tried, as long as it is refused.
  jest.advanceTimersByTime(1_000);
  while (log.topics.length < 3) await turn();
  for (let turns = 0; turns < 50; turns += 1) await turn();
  expect(log.topics).toHaveLength(3);
  isStandard = true;
  jest.advanceTimersByTime(120_000);
  while (device.state.status !== 'connected' || device.state.warning) await turn();
  expect(log.topics).toHaveLength(5);
  expect(log.connections).toBe(1);
});

test('a feature that is refused leaves no timer behind after close()', async () => {
  await expectNothingLeft(async () => {
    const { options } = await start(() => 'refuse');
    const device = await connect(options);
    FEATURES.messages.use(device);
    await untilWarned(device);
    await device.close();
    await hub?.close();
  });
});

test('a listener that is removed ends the warning about its feature', async () => {
  const { options } = await start(() => 'refuse');
  const device = await connect(options);
  FEATURES.messages.use(device);
  await untilWarned(device);
  device.client.removeAllListeners('message');
  while (device.state.status === 'connected' && device.state.warning) await once(device, 'state');
  expect(device.state.status).toBe('connected');
});

describe('a hub that ends connections while a message is unacknowledged and a subscription is unanswered', () => {
  /** Starts a hub that reacts to each SUBSCRIBE as it is told, and to each message some turns later. */
  async function startHub(
    onSubscribe: (number: number) => Reaction,
    onMessage: (number: number) => Reaction,
  ): Promise<{ options: ScriptedHub['options']; log: Log }> {
    const log: Log = { bodies: [], topics: [], connections: 0 };
    hub = await startScriptedHub(async (client, number) => {
      log.connections = number;
      await client.accept();
      void subscriptions(client, number, log, () => onSubscribe(number)).catch(() => undefined);
      for (;;) {
        const { messageId = 0, payload } = await client.expect('publish');
        // What the device sends in the meantime is received before the connection ends.
        for (let turns = 0; turns < 10; turns += 1) await turn();
        if (onMessage(number) === 'drop') client.drop();
        else {
          client.send({ cmd: 'puback', messageId });
          log.bodies.push(String(payload));
        }
      }
    });
    return { options: { ...hub.options, reconnect: { minDelayMs: 1, maxDelayMs: 2 } }, log };
  }

  test('ends because of the message count against the message, and no feature counts as refused', async () => {
    const { options, log } = await startHub(
      (number) => (number <= 2 ? 'ignore' : 'grant'),
      (number) => (number <= 2 ? 'drop' : 'grant'),
    );
    const device = await connect(options);
    device.onMethod('reboot', () => 'done');
    const warnings: unknown[] = [];
    device.on('state', (state) => {
      if ('warning' in state) warnings.push(state.warning);
    });
    await device.sendEvent(new Message('poison'));
    await device.whenConnected();
    expect(log).toMatchObject({ bodies: ['poison'], connections: 3 });
    expect(log.topics.at(-1)).toBe(FEATURES.methods.topic);
    expect(warnings).toEqual([]);
  });

  test('ends because of the feature count against the feature, and the message is delivered', async () => {
    const { options, log } = await startHub(
      () => 'drop',
      () => 'grant',
    );
    const device = await connect(options);
    const sent = device.sendEvent(new Message('innocent'));
    device.onMethod('reboot', () => 'done');
    const { warning } = await untilWarned(device);
    expect(warning?.message).toMatch(FEATURES.methods.named);
    await sent;
    // The hub has dropped the first connection before it acknowledged the message.
    expect(log).toMatchObject({ bodies: ['innocent', 'innocent'], connections: 4 });
  });
});
