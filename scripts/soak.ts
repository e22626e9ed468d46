import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Message, type Twin } from 'azure-iot-device';
import { connectDevice, DeviceError, type ConnectionState, type DeviceConnection } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-x509/certificates';
import {
  EmulatorError,
  startEmulator,
  type CloudToDeviceOutcome,
  type Emulator,
  type HubEmulator,
  type JsonObject,
  type JsonValue,
  type TelemetryMessage,
} from 'azure-iot-x509/emulator';
import { Hub } from '../src/emulator/hub/hub';
import { ChaosProxy, type ProxiedLink } from '../test/support/chaos-proxy';
import { enrollDevice } from '../test/support/enrolled-device';

/* Devices under load, and a network, hubs and operators that misbehave at random; afterwards everything is accounted for. */

const USAGE = `Usage: npm run soak -- [--seconds 60] [--seed N] [--devices 3]

Connects devices to an emulator behind a proxy that breaks connections at random, and checks that nothing was lost.
The seed decides which faults come in which order; when exactly they hit is up to the machine.
`;

export interface SoakOptions {
  /** How long faults and load go on. */
  readonly seconds: number;
  readonly seed: number;
  readonly devices: number;
  /** Whether times and memory count as checks too, which they should not on a busy machine. */
  readonly isStrict: boolean;
  readonly log: (line: string) => void;
}

/** One thing that was checked. */
export interface SoakCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface SoakReport {
  readonly seed: number;
  readonly checks: readonly SoakCheck[];
  /** What was counted and measured, for a person. */
  readonly figures: readonly (readonly [name: string, value: string])[];
}

const KEEP_ALIVE_SECONDS = 2;
const RECONNECT = { minDelayMs: 50, maxDelayMs: 1_000 };
const MAX_UNACKNOWLEDGED = 300;
/** Longer than the device's own time-out for a connection that is accepted and then silent, which is 30 s. */
const CONVERGENCE_MS = 45_000;
/** What a busy machine may add to any time that is checked. */
const SLACK_MS = 1_000;
const METHOD_TIMEOUT_SECONDS = 5;
const MAX_HEAP_GROWTH_BYTES = 8 * 1024 * 1024;
/** How a direct method may fail while devices come and go: no such device, not online, went away, no answer. */
const METHOD_FAILURES: readonly number[] = [404001, 404103, 404104, 504101];

/** Random numbers from a seed (mulberry32). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.next() * from.length)];
  }
}

/** Merges as the twin does. */
function merge(target: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else if (isObject(value)) {
      const inner = result.get(name);
      result.set(name, merge(isObject(inner) ? inner : {}, value));
    } else result.set(name, value);
  }
  return Object.fromEntries(result);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A section of a twin without what counts its changes. */
function contents({ $version: _, ...rest }: JsonObject): JsonObject {
  return rest;
}

const digest = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex').slice(0, 16);

/** Whatever the checks wait for says so here. */
const progress = new EventEmitter().setMaxListeners(0);

/** Waits for a condition, looking again whenever something has happened. Answers whether it came true in time. */
async function until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  if (condition()) return true;
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      clearTimeout(timer);
      progress.off('progress', look);
      resolve(result);
    };
    const look = (): void => {
      if (condition()) settle(true);
    };
    const timer = setTimeout(() => settle(condition()), timeoutMs);
    progress.on('progress', look);
  });
}

const happened = (): void => void progress.emit('progress');

interface CloudMessage {
  readonly deviceId: string;
  readonly number: number;
  outcome: CloudToDeviceOutcome | 'waiting';
}

/** A device's program, and all that it did. */
class SoakDevice {
  readonly id: string;
  readonly connection: DeviceConnection;
  readonly allow: (hub: HubEmulator) => void;
  /** Changes over to a new certificate, for kinds where that needs no certificate authority. */
  readonly renew: (() => Promise<void>) | undefined;
  /** By number: `undefined` while unacknowledged. */
  readonly sent = new Map<number, 'acknowledged' | Error | undefined>();
  readonly received = new Map<number, number>();
  desired: JsonObject = {};
  reported: JsonObject = {};
  readonly states: ConnectionState[] = [];
  reprovisioned = 0;
  answersUnsettled = 0;
  corrupted = 0;
  #twin: Twin | undefined;
  /** The hub may not hold what the device has set: an update failed, or the device has moved without its data. */
  #mustReportAll = false;
  #isReporting = false;

  constructor(init: Pick<SoakDevice, 'id' | 'connection' | 'allow' | 'renew'>) {
    this.id = init.id;
    this.connection = init.connection;
    this.allow = init.allow;
    this.renew = init.renew;
  }

  async start(): Promise<void> {
    const { client } = this.connection;
    this.connection.on('state', (state) => {
      this.states.push(state);
      happened();
    });
    this.connection.on('reprovisioned', ({ previous, current }) => {
      this.reprovisioned += 1;
      if (previous.assignedHub !== current.assignedHub) this.#mustReportAll = true;
      happened();
    });
    client.on('message', (message: Message) => {
      const body = message.getBytes();
      const number = Number(message.properties.getValue('number'));
      if (message.properties.getValue('digest') !== digest(body)) this.corrupted += 1;
      this.received.set(number, (this.received.get(number) ?? 0) + 1);
      happened();
    });
    client.onDeviceMethod('echo', (request, response) => {
      this.answersUnsettled += 1;
      const settled = (): void => {
        this.answersUnsettled -= 1;
        happened();
      };
      response.send(200, request.payload).then(settled, settled);
    });
    this.#twin = await client.getTwin();
    this.desired = structuredClone(this.#twin.properties.desired);
    this.#twin.on('properties.desired', (patch: JsonObject) => {
      this.desired = merge(this.desired, patch);
      happened();
    });
  }

  get isConnected(): boolean {
    return this.connection.state.status === 'connected';
  }

  get unacknowledged(): number {
    return [...this.sent.values()].filter((outcome) => outcome === undefined).length;
  }

  sendTelemetry(dice: Dice): void {
    const number = this.sent.size;
    const body =
      dice.next() < 0.5 ? randomBytes(dice.between(0, 3000)) : `{"number":${number},"text":"Zürich ☃"}`;
    const message = new Message(body);
    message.properties.add('number', String(number));
    message.properties.add('digest', digest(Buffer.from(body)));
    this.sent.set(number, undefined);
    this.connection.client.sendEvent(message).then(
      () => {
        this.sent.set(number, 'acknowledged');
        happened();
      },
      (error: unknown) => {
        this.sent.set(number, error as Error);
        happened();
      },
    );
  }

  /** One update at a time, because what an update that failed has done is not known. */
  report(dice: Dice): void {
    const key = `key${dice.between(1, 5)}`;
    const value = dice.next() < 0.25 ? null : dice.between(1, 1_000_000);
    if (!this.#isReporting) this.#report(dice.next() < 0.5 ? { [key]: value } : { group: { [key]: value } });
  }

  /** Reports what is still to be reported. Answers whether there is nothing left to do. */
  hasReported(): boolean {
    if (this.#mustReportAll && !this.#isReporting) this.#report({});
    return !this.#isReporting && !this.#mustReportAll;
  }

  #report(patch: JsonObject): void {
    this.#isReporting = true;
    const isAll = this.#mustReportAll;
    this.#mustReportAll = false;
    const wanted = merge(this.reported, patch);
    // Null for what is gone: the hub may still have it from an update that seemed to fail.
    const gone = Object.fromEntries(
      [1, 2, 3, 4, 5].map((index) => `key${index}`).map((key) => [key, wanted[key] ?? null]),
    );
    const group = isObject(wanted['group']) ? wanted['group'] : {};
    const goneOfGroup = Object.fromEntries(Object.keys(gone).map((key) => [key, group[key] ?? null]));
    const update = isAll ? { ...gone, group: goneOfGroup } : patch;
    const { reported } = this.#twin?.properties ?? {};
    (reported as { update(patch: object, done: (error?: Error) => void): void }).update(update, (error) => {
      this.#isReporting = false;
      if (error) this.#mustReportAll = true;
      else this.reported = isAll ? merge(merge(wanted, { group: goneOfGroup }), gone) : wanted;
      happened();
    });
  }
}

/** Everything that was seen on the service's side. */
class Ledger {
  readonly arrived = new Map<string, number[]>();
  corrupted = 0;
  readonly cloudMessages: CloudMessage[] = [];
  cloudRefused = 0;
  readonly methods = { answered: 0, wrong: 0, pending: 0, failures: new Map<number, number>() };

  watch(hub: HubEmulator): void {
    hub.on('telemetry', ({ deviceId, body, properties }: TelemetryMessage) => {
      if (properties['digest'] !== digest(body)) this.corrupted += 1;
      const numbers = this.arrived.get(deviceId) ?? [];
      numbers.push(Number(properties['number']));
      this.arrived.set(deviceId, numbers);
      happened();
    });
    for (const event of ['deviceConnected', 'deviceDisconnected', 'reportedPropertiesUpdated'] as const) {
      hub.on(event, happened);
    }
  }

  async sendToDevice(hub: HubEmulator, deviceId: string, dice: Dice): Promise<void> {
    const number = this.cloudMessages.length;
    const body = dice.next() < 0.5 ? randomBytes(dice.between(0, 500)) : `message ${number} Grüße`;
    const message: CloudMessage = { deviceId, number, outcome: 'waiting' };
    const properties = { number: String(number), digest: digest(Buffer.from(body)) };
    this.cloudMessages.push(message);
    try {
      const { outcome } = await hub.sendCloudToDevice(deviceId, { body, properties });
      message.outcome = await outcome;
    } catch {
      // Not accepted: the queue is full, or the device has just moved.
      this.cloudRefused += 1;
      message.outcome = 'Purged';
    }
    happened();
  }

  async invokeMethod(hub: HubEmulator, deviceId: string, dice: Dice): Promise<void> {
    const payload = { number: dice.between(0, 1_000_000), text: 'Grüße' };
    this.methods.pending += 1;
    try {
      const call = { methodName: 'echo', payload, responseTimeoutSeconds: METHOD_TIMEOUT_SECONDS };
      const response = await hub.invokeMethod(deviceId, call);
      if (response.status === 200 && isDeepStrictEqual(response.payload, payload)) this.methods.answered += 1;
      else this.methods.wrong += 1;
    } catch (error) {
      const code = error instanceof EmulatorError ? error.code : 0;
      this.methods.failures.set(code, (this.methods.failures.get(code) ?? 0) + 1);
    }
    this.methods.pending -= 1;
    happened();
  }
}

interface World {
  readonly emulator: Emulator;
  readonly devices: readonly SoakDevice[];
  readonly ledger: Ledger;
  /** In front of each hub. */
  readonly proxies: readonly ChaosProxy[];
  readonly dpsProxy: ChaosProxy;
  readonly log: (line: string) => void;
}

/** Where the device is known now. */
function hubOf({ emulator }: World, { id }: SoakDevice): HubEmulator | undefined {
  return emulator.hubs.find((hub) => hub.devices.get(id) !== undefined);
}

/** What goes wrong, and how often and how long. */
class Chaos {
  readonly counts = new Map<string, number>();
  /** From the stall to the device's closing of its side, in milliseconds; `undefined` until then. */
  readonly stalls: { since: number; noticedAfter: number | undefined }[] = [];
  /** From the hub's return to the device's being connected, in milliseconds; infinite if it took too long. */
  readonly returns: number[] = [];
  readonly #world: World;
  readonly #dice: Dice;

  constructor(world: World, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
  }

  count(...names: string[]): number {
    return names.reduce((sum, name) => sum + (this.counts.get(name) ?? 0), 0);
  }

  async run(untilTime: number): Promise<void> {
    const faults: [name: string, weight: number, act: () => unknown][] = [
      ['RST', 3, () => this.#onLink((link) => link.reset())],
      ['FIN', 3, () => this.#onLink((link) => link.end())],
      ['half-close', 3, () => this.#onLink((link) => link.halfClose(this.#dice.pick(['client', 'server'])))],
      ['silent stall', 4, () => this.#stall()],
      ['gateway drop', 2, () => this.#gatewayDrop()],
      ['hub restart', 2, () => this.#hubRestart()],
      ['move with data', 2, () => this.#move((hub, id) => void hub.devices.disable(id))],
      ['move, identity deleted', 1, () => this.#move((hub, id) => hub.devices.delete(id))],
      ['move by reprovision()', 2, () => this.#reprovision()],
      ['certificate renewed', 3, () => this.#renew()],
      ['disabled and enabled', 2, () => this.#disable()],
      ['DPS connection reset', 2, () => this.#world.dpsProxy.resetNext(this.#dice.between(0, 30))],
    ];
    const wheel = faults.flatMap((fault) => Array.from({ length: fault[1] }, () => fault));
    while (performance.now() < untilTime) {
      await sleep(this.#dice.between(100, 700));
      const [name = '', , act] = this.#dice.pick(wheel) ?? [];
      this.#world.log(`  ${name}`);
      if ((await act?.()) !== false) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    }
  }

  /** A connection that has had the time for its handshake: what befalls one before is covered by the reset of others. */
  #link(): ProxiedLink | undefined {
    const old = performance.now() - 300;
    return this.#dice.pick(
      this.#world.proxies.flatMap(({ links }) => links.filter(({ since }) => since < old)),
    );
  }

  #onLink(act: (link: ProxiedLink) => void): boolean {
    const link = this.#link();
    if (link) act(link);
    return link !== undefined;
  }

  #stall(): boolean {
    return this.#onLink((link) => {
      const stall = { since: performance.now(), noticedAfter: undefined as number | undefined };
      this.stalls.push(stall);
      link.stall();
      void link.left.then(() => {
        stall.noticedAfter = performance.now() - stall.since;
        happened();
      });
    });
  }

  #device(): { device: SoakDevice; hub: HubEmulator } | undefined {
    const device = this.#dice.pick(this.#world.devices);
    const hub = device && hubOf(this.#world, device);
    return hub && { device, hub };
  }

  #gatewayDrop(): boolean {
    const target = this.#device();
    target?.hub.disconnectDevice(target.device.id);
    return target !== undefined;
  }

  async #hubRestart(): Promise<void> {
    const hub = this.#dice.pick(this.#world.emulator.hubs);
    const devices = this.#world.devices.filter((device) => hubOf(this.#world, device) === hub);
    await hub?.stop();
    await sleep(this.#dice.between(50, 800));
    await hub?.start();
    const since = performance.now();
    // A device behind a stalled connection has not noticed anything yet.
    await Promise.all(
      devices
        .filter(({ isConnected }) => !isConnected)
        .map(async (device) => {
          const isBack = await until(() => device.isConnected, RECONNECT.maxDelayMs + 5 * SLACK_MS);
          this.returns.push(isBack ? performance.now() - since : Infinity);
        }),
    );
  }

  async #move(send: (hub: HubEmulator, id: string) => void): Promise<boolean> {
    const target = this.#device();
    const next = this.#world.emulator.hubs.find((hub) => hub !== target?.hub);
    if (!target || !next) return false;
    const { device, hub } = target;
    device.allow(next);
    send(hub, device.id);
    await until(() => next.devices.get(device.id) !== undefined, 10_000);
    return true;
  }

  async #reprovision(): Promise<boolean> {
    const target = this.#device();
    const next = this.#world.emulator.hubs.find((hub) => hub !== target?.hub);
    if (!target || !next) return false;
    target.device.allow(next);
    // If it fails, the device stays connected or finds its way by itself; the checks tell.
    await this.#counting('reprovision() failed', target.device.connection.reprovision());
    return true;
  }

  async #renew(): Promise<boolean> {
    const device = this.#dice.pick(this.#world.devices.filter(({ renew }) => renew !== undefined));
    if (device?.renew === undefined) return false;
    await this.#counting('updateCredentials() failed', device.renew());
    return true;
  }

  async #counting(failure: string, promise: Promise<unknown>): Promise<void> {
    try {
      await promise;
    } catch (error) {
      const name = `${failure}: ${error instanceof DeviceError ? error.code : String(error)}`;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    }
  }

  async #disable(): Promise<boolean> {
    const target = this.#device();
    if (!target) return false;
    const { device, hub } = target;
    const seen = device.states.length;
    hub.devices.disable(device.id);
    // Five refusals in a row would end the connection for good, as documented.
    await until(() => device.states.slice(seen).some(isRefusal), 2_000);
    if (hub.devices.get(device.id) !== undefined) hub.devices.enable(device.id);
    return true;
  }
}

function isRefusal(state: ConnectionState): boolean {
  return 'error' in state && state.error.code === 'UNAUTHORIZED';
}

/** Telemetry, messages, methods and twin changes until told to stop. */
async function load(world: World, dice: Dice, signal: AbortSignal): Promise<void> {
  const { devices, ledger } = world;
  while (!signal.aborted) {
    for (const device of devices) {
      const hub = hubOf(world, device);
      const draw = dice.next();
      if (device.unacknowledged < MAX_UNACKNOWLEDGED) device.sendTelemetry(dice);
      if (draw < 0.25) device.report(dice);
      if (!hub) continue;
      if (draw > 0.85) void ledger.sendToDevice(hub, device.id, dice);
      if (draw > 0.5 && draw < 0.6) void ledger.invokeMethod(hub, device.id, dice);
      if (draw > 0.6 && draw < 0.75) {
        const key = `key${dice.between(1, 5)}`;
        const value = dice.next() < 0.25 ? null : dice.between(1, 1_000_000);
        hub.updateDesiredProperties(device.id, draw < 0.68 ? { [key]: value } : { group: { [key]: value } });
      }
    }
    await sleep(dice.between(5, 40));
  }
}

function isConverged(world: World, chaos: Chaos): boolean {
  const { devices, ledger } = world;
  return (
    chaos.stalls.every(({ noticedAfter }) => noticedAfter !== undefined) &&
    devices.every(
      (device) =>
        device.isConnected &&
        device.unacknowledged === 0 &&
        device.hasReported() &&
        device.answersUnsettled === 0,
    ) &&
    ledger.methods.pending === 0 &&
    ledger.cloudMessages.every(({ outcome }) => outcome !== 'waiting') &&
    devices.every((device) => isSameTwin(world, device))
  );
}

function isSameTwin(world: World, device: SoakDevice): boolean {
  return twinDifference(world, device) === undefined;
}

function twinDifference(world: World, device: SoakDevice): string | undefined {
  const twin = hubOf(world, device)?.getTwin(device.id);
  if (!twin) return `${device.id} is at no hub`;
  const { desired, reported } = twin.properties;
  const pairs = [
    ['desired', contents(desired), contents(device.desired)],
    ['reported', contents(reported), device.reported],
  ] as const;
  for (const [section, atHub, atDevice] of pairs) {
    if (isDeepStrictEqual(withoutEmpty(atHub), withoutEmpty(atDevice))) continue;
    return `${device.id} ${section}: hub ${JSON.stringify(atHub)}, device ${JSON.stringify(atDevice)}`;
  }
  return undefined;
}

/** An empty object and none are the same to this check: a merge patch cannot tell the difference. */
function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => !isObject(value) || Object.keys(value).length > 0),
  );
}

async function build(options: SoakOptions, closers: (() => Promise<void>)[]): Promise<World> {
  const emulator = await startEmulator({
    hubs: ['north', 'south'],
    retryAfterSeconds: 0,
    pollsBeforeAssigned: 1,
  });
  closers.push(() => emulator.close());
  const proxyFor = async (endpoint: string): Promise<ChaosProxy> => {
    const proxy = await ChaosProxy.start(endpoint);
    closers.push(() => proxy.close());
    return proxy;
  };
  const ledger = new Ledger();
  const proxies: ChaosProxy[] = [];
  for (const hub of emulator.hubs) {
    const proxy = await proxyFor(hub.hostName);
    proxies.push(proxy);
    // From here on, DPS sends devices to the proxy, and the hub takes its name for its own.
    if (hub instanceof Hub) hub.listensOn(proxy.endpoint);
    ledger.watch(hub);
  }
  const dpsProxy = await proxyFor(emulator.globalEndpoint);
  const devices = await Promise.all(
    Array.from({ length: options.devices }, async (_, index) => {
      const kind = index % 2 === 0 ? 'hub-individual' : 'hub-group';
      const id = `soak-${index + 1}`;
      const enrolled = await enrollDevice(emulator, kind, id);
      const { individualEnrollments, enrollmentGroups } = emulator.dps;
      const allow = (hub: HubEmulator): void => {
        if (kind === 'hub-individual') individualEnrollments.update(id, { iotHubs: [hub.name] });
        else enrollmentGroups.update(`${id}-ca`, { iotHubs: [hub.name] });
      };
      allow(enrolled.hub);
      const connection = await connectDevice({
        ...enrolled.options,
        globalEndpoint: dpsProxy.endpoint,
        transport: index % 3 === 2 ? 'mqtt-ws' : 'mqtt',
        keepAliveSeconds: KEEP_ALIVE_SECONDS,
        reconnect: RECONNECT,
      });
      closers.unshift(() => connection.close());
      // As the guide to rolling certificates says: the new one comes second, is used, and then comes first.
      const renew = async (): Promise<void> => {
        const { fullChain, certificate, privateKey } = await createSelfSignedCertificate({
          commonName: id,
          subject: { organization: 'Contoso' },
        });
        individualEnrollments.update(id, { secondaryCertificate: certificate });
        await connection.updateCredentials({ cert: fullChain, key: privateKey });
        individualEnrollments.update(id, { primaryCertificate: certificate });
      };
      const device = new SoakDevice({
        id,
        connection,
        allow,
        renew: kind === 'hub-individual' ? renew : undefined,
      });
      await device.start();
      return device;
    }),
  );
  return { emulator, devices, ledger, proxies, dpsProxy, log: options.log };
}

/** Listeners by event, which reconnects must not add to. */
function listeners({ devices }: World): string {
  return JSON.stringify(
    devices.flatMap(({ connection }) =>
      [connection.client, connection].map((emitter: EventEmitter) =>
        emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]),
      ),
    ),
  );
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** What is open now and was not before; waits a moment for handles that are being closed. */
async function leftOpen(before: ReadonlyMap<string, number>): Promise<string[]> {
  const deadline = performance.now() + 3_000;
  for (;;) {
    const left = [...resources()].filter(([type, count]) => count > (before.get(type) ?? 0));
    if (left.length === 0 || performance.now() > deadline)
      return left.map(([type, count]) => `${type} ${count}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Runs devices, load and faults, heals everything, waits until all has come to rest, closes, and tells what was found. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  if (options.isStrict) {
    options.log('Warming up');
    // What is loaded or cached at its first use is no leak.
    await runOnce({ ...options, seconds: 1, devices: 1, log: () => undefined });
  }
  const before = { resources: resources(), heap: options.isStrict ? heapUsed() : 0 };
  const report = await runOnce(options);
  const left = await leftOpen(before.resources);
  const growth = options.isStrict ? heapUsed() - before.heap : 0;
  const kilobytes = `${Math.round(growth / 1024)} kB`;
  return {
    ...report,
    checks: [
      ...report.checks,
      { name: 'no open handles are left', ok: left.length === 0, detail: left.join(', ') },
      ...(options.isStrict
        ? [{ name: 'memory is back', ok: growth < MAX_HEAP_GROWTH_BYTES, detail: `${kilobytes} more` }]
        : []),
    ],
  };
}

async function runOnce(options: SoakOptions): Promise<SoakReport> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const world = await build(options, closers);
    const listenersBefore = listeners(world);
    const chaos = new Chaos(world, new Dice(options.seed));
    const stopLoad = new AbortController();
    const loading = load(world, new Dice(options.seed + 1), stopLoad.signal);
    options.log(`Faults for ${options.seconds} s`);
    await chaos.run(performance.now() + options.seconds * 1000);
    stopLoad.abort();
    await loading;

    options.log('Healing');
    for (const hub of world.emulator.hubs) {
      await hub.start();
      for (const { deviceId, status } of hub.devices.list())
        if (status === 'disabled') hub.devices.enable(deviceId);
    }
    const healedAt = performance.now();
    const isHealed = await until(() => isConverged(world, chaos), CONVERGENCE_MS);
    const convergence = performance.now() - healedAt;
    const listenersAfter = listeners(world);
    const { checks, figures } = examine(world, chaos, options);
    for (const close of closers.splice(0)) await close();
    return {
      seed: options.seed,
      checks: [
        { name: 'everything comes to rest', ok: isHealed, detail: `after ${Math.round(convergence)} ms` },
        ...checks,
        { name: 'no listeners are left behind', ok: listenersAfter === listenersBefore, detail: '' },
      ],
      figures,
    };
  } finally {
    for (const close of closers) await close();
  }
}

function examine(world: World, chaos: Chaos, options: SoakOptions): Pick<SoakReport, 'checks' | 'figures'> {
  const { devices, ledger, dpsProxy } = world;
  const sent = devices.flatMap(({ id, sent }) =>
    [...sent].map(([number, outcome]) => ({
      number,
      outcome,
      arrivals: countOf(ledger.arrived.get(id), number),
    })),
  );
  const acknowledged = sent.filter(({ outcome }) => outcome === 'acknowledged');
  const rejected = sent.filter(({ outcome }) => outcome instanceof Error);
  const lost = acknowledged.filter(({ arrivals }) => arrivals === 0);
  const outOfOrder = devices.filter(({ id }) => !isRising(firsts(ledger.arrived.get(id) ?? [])));
  const arrivals = [...ledger.arrived.values()].reduce((sum, { length }) => sum + length, 0);

  const success = ledger.cloudMessages.filter(({ outcome }) => outcome === 'Success');
  const deviceOf = (id: string): SoakDevice | undefined => devices.find((device) => device.id === id);
  const lostInside = success.filter(({ deviceId, number }) => !deviceOf(deviceId)?.received.has(number));
  const waiting = ledger.cloudMessages.filter(({ outcome }) => outcome === 'waiting');
  const purged = ledger.cloudMessages.length - success.length - waiting.length - ledger.cloudRefused;
  const repeated = devices.reduce(
    (sum, { received }) => sum + [...received.values()].reduce((extra, count) => extra + count - 1, 0),
    0,
  );

  const { methods } = ledger;
  const strange = [...methods.failures.keys()].filter((code) => !METHOD_FAILURES.includes(code));
  const differences = devices.flatMap((device) => twinDifference(world, device) ?? []);

  const states = devices.flatMap((device) => device.states);
  const reconnects = states.filter(({ status }) => status === 'connected').length;
  const attempts = states.filter(
    (state) => state.status === 'reconnecting' && state.nextAttemptAt === undefined,
  ).length;
  const registrations = devices.reduce((sum, { reprovisioned }) => sum + 1 + reprovisioned, 0);
  const causes = chaos.count(
    'move with data',
    'move, identity deleted',
    'move by reprovision()',
    'certificate renewed',
    'disabled and enabled',
    'DPS connection reset',
  );
  const allowed = devices.length + 4 * causes + Math.ceil(attempts / 10);

  const stalls = chaos.stalls.map(({ noticedAfter = Infinity }) => noticedAfter);
  const longestStall = Math.max(0, ...stalls) / 1000 / KEEP_ALIVE_SECONDS;
  const longestReturn = Math.max(0, ...chaos.returns);
  const failures = [...methods.failures].map(([code, count]) => `${count} × ${code}`).join(', ');
  const corrupted = ledger.corrupted + devices.reduce((sum, device) => sum + device.corrupted, 0);
  const check = (name: string, ok: boolean, detail = ''): SoakCheck => ({ name, ok, detail });
  return {
    checks: [
      check(
        'every sendEvent settled',
        sent.every(({ outcome }) => outcome !== undefined),
        `${sent.length} calls`,
      ),
      check('no sendEvent failed', rejected.length === 0, String(rejected[0]?.outcome ?? '')),
      check(
        'what was acknowledged arrived',
        lost.length === 0,
        `${lost.length} of ${acknowledged.length} lost`,
      ),
      check('in the order of the calls', outOfOrder.length === 0, outOfOrder.map(({ id }) => id).join()),
      check('no body was changed', corrupted === 0, `${corrupted} changed`),
      check('every C2D message is decided', waiting.length === 0, `${waiting.length} waiting`),
      check(
        'completed C2D messages were delivered',
        lostInside.length === 0,
        `${lostInside.length} of ${success.length} lost`,
      ),
      check('every method call settled', methods.pending === 0, `${methods.pending} pending`),
      check('method answers are right', methods.wrong === 0 && strange.length === 0, strange.join()),
      check('twins are the same on both sides', differences.length === 0, differences.join('; ')),
      check(
        'no storm of registrations',
        dpsProxy.connections <= allowed,
        `${dpsProxy.connections} of ${allowed}`,
      ),
      check(
        'connected at the end',
        devices.every((device) => device.isConnected),
      ),
      ...(options.isStrict
        ? [
            check('stalls are noticed in time', longestStall <= 1.5 + SLACK_MS / 1000 / KEEP_ALIVE_SECONDS),
            check('back soon after a hub is', longestReturn <= RECONNECT.maxDelayMs + SLACK_MS),
          ]
        : []),
    ],
    figures: [
      ['faults', [...chaos.counts].map(([name, count]) => `${count} × ${name}`).join(', ')],
      ['telemetry', `${sent.length} sent, ${arrivals} arrived, ${arrivals - sent.length} more than once`],
      [
        'C2D',
        `${ledger.cloudMessages.length - ledger.cloudRefused} accepted, ${success.length} completed, ${purged} purged with their hub's identity, ${repeated} delivered again`,
      ],
      ['methods', `${methods.answered} answered, failed: ${failures || 'none'}`],
      ['connections', `${reconnects} reconnects in ${attempts} attempts`],
      ['DPS', `${registrations} registrations, ${dpsProxy.connections} connections`],
      ['stall noticed', `${describe(stalls)}; at most ${longestStall.toFixed(2)} × keep-alive`],
      ['back after hub', `${describe(chaos.returns)}; largest back-off step ${RECONNECT.maxDelayMs} ms`],
    ],
  };
}

function countOf(numbers: readonly number[] = [], number: number): number {
  return numbers.filter((one) => one === number).length;
}

/** Each number where it came first. */
function firsts(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
}

function describe(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return 'never';
  const sorted = [...milliseconds].sort((left, right) => left - right);
  const round = (value = 0): string => (Number.isFinite(value) ? `${Math.round(value)}` : 'never');
  return `${sorted.length} ×, median ${round(sorted[Math.floor(sorted.length / 2)])} ms, longest ${round(sorted.at(-1))} ms`;
}

/** The report as two tables. */
export function formatReport({ seed, checks, figures }: SoakReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length), ...figures.map(([name]) => name.length));
  return [
    ...figures.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    ...checks.map(({ name, ok, detail }) => `${name.padEnd(width)}  ${ok ? 'ok  ' : 'FAIL'}  ${detail}`),
    '',
    checks.every(({ ok }) => ok)
      ? `All is accounted for (seed ${seed}).`
      : `FAILED. Repeat with --seed ${seed}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      devices: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const [seconds, devices] = [Number(values.seconds), Number(values.devices)];
  const areNumbers = seconds >= 1 && seconds <= 3600 && devices >= 1 && devices <= 50;
  if (values.help || !areNumbers || !Number.isInteger(devices) || !Number.isSafeInteger(seed)) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  console.log(`Seed ${seed}`);
  const log = (line: string): void => console.log(line);
  const report = await runSoak({ seconds, seed, devices, isStrict: true, log });
  console.log(`\n${formatReport(report)}`);
  process.exitCode = report.checks.every(({ ok }) => ok) ? 0 : 1;
}

if (require.main === module) void main();
