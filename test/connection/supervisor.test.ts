import { ConnectionError, ProvisioningError, type DeviceError, type Registration } from 'azure-iot-x509';
import { backOff } from '../../src/network/back-off';
import type { NextState } from '../../src/connection/state';
import { Supervisor, type SupervisorOptions, type SupervisorParts } from '../../src/connection/supervisor';
import type { HubLink } from '../../src/hub/link';
import type { Device } from '../../src/provisioning/device';

/* The decisions alone, with everything around them played by the test. */

const registration = (assignedHub = 'hub-1'): Registration => ({
  registrationId: 'dev-1',
  deviceId: 'dev-1',
  assignedHub,
  status: 'assigned',
});

const hubError = (code: 'CONNECTION_REFUSED' | 'UNAUTHORIZED' | 'HOST_NOT_FOUND') =>
  new ConnectionError({ code, service: 'hub', host: 'hub-1', message: code, remedy: 'none' });

const disabled = () =>
  new ProvisioningError({ code: 'ENROLLMENT_DISABLED', message: 'no', remedy: 'enable it' });

const dpsIsAway = () =>
  new ConnectionError({
    code: 'CONNECTION_REFUSED',
    service: 'dps',
    host: 'dps',
    message: 'DPS is away',
    remedy: 'none',
    isTransient: true,
  });

/** The devices with the credentials in use, and with renewed ones. Their members are of no concern to the supervisor. */
const device = { globalEndpoint: 'dps.example' } as Device;
const renewed = { globalEndpoint: 'dps.example' } as Device;

/** A link of which the test decides when it breaks. */
class FakeLink {
  readonly #over = new AbortController();
  get over(): AbortSignal {
    return this.#over.signal;
  }
  get isOpen(): boolean {
    return !this.over.aborted;
  }
  explain(reason: unknown): DeviceError {
    return reason as DeviceError;
  }
  fail(): void {
    this.#over.abort(hubError('CONNECTION_REFUSED'));
  }
  answered(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    this.fail();
    return Promise.resolve();
  }
}

/** What happens at each attempt to connect: an error, or a link. The last one is repeated. */
type Outcome = DeviceError | 'up';

class Stage {
  readonly states: NextState[] = [];
  readonly links: FakeLink[] = [];
  readonly connectedTo: string[] = [];
  registrations = 0;
  registrationError: DeviceError | undefined;
  remembered: Registration | undefined;
  finished: DeviceError | undefined | 'not yet' = 'not yet';
  readonly givenUp: DeviceError[] = [];
  outcomes: Outcome[] = ['up'];
  attach: (link: HubLink) => Promise<void> = () => Promise.resolve();
  readonly supervisor: Supervisor;
  readonly #waiting: { condition: () => boolean; resolve: () => void }[] = [];

  constructor(options: Partial<SupervisorOptions> = {}) {
    const parts: SupervisorParts = {
      dps: {
        register: (device) => {
          if (device === renewed) return Promise.resolve(registration('hub-9'));
          this.registrations += 1;
          this.#check();
          if (this.registrationError) return Promise.reject(this.registrationError);
          return Promise.resolve(registration(`hub-${this.registrations}`));
        },
      },
      transport: {
        openLink: (_device, { assignedHub }) => {
          this.connectedTo.push(assignedHub);
          const outcome = this.outcomes.length > 1 ? this.outcomes.shift() : this.outcomes[0];
          if (outcome !== 'up' && outcome) return Promise.reject(outcome);
          const link = new FakeLink();
          this.links.push(link);
          // Of the class only these members are used here.
          return Promise.resolve(link as unknown as HubLink);
        },
        attach: (link) => this.attach(link),
        detach: () => undefined,
        finish: (error, gaveUp) => {
          this.finished = gaveUp ? error : undefined;
          this.#check();
        },
      },
      credentials: {
        device,
        isWatching: false,
        refresh: () => Promise.resolve(false),
        accepted: () => undefined,
        reject: () => false,
        stop: () => undefined,
      },
      assignments: {
        load: () => Promise.resolve(this.remembered),
        save: () => Promise.resolve(),
      },
      status: {
        set: (state) => {
          this.states.push(state);
          this.#check();
        },
        reprovisioned: () => undefined,
      },
      onGiveUp: (error) => void this.givenUp.push(error),
    };
    this.supervisor = new Supervisor(parts, {
      minDelayMs: 0,
      maxDelayMs: 0,
      maxRefusedDelayMs: 0,
      giveUpAfterRefusedMs: Infinity,
      stableAfterMs: 10_000,
      giveUpAfterMs: Infinity,
      ...options,
    });
  }

  /** Waits until something has come to pass. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ condition, resolve });
      this.#check();
    });
  }

  breakLink(): void {
    this.links.at(-1)?.fail();
  }

  #check(): void {
    for (const { condition, resolve } of this.#waiting) if (condition()) resolve();
  }
}

let stage: Stage;

afterEach(async () => {
  await stage.supervisor.close();
});

async function connected(options?: Partial<SupervisorOptions>): Promise<Stage> {
  stage = new Stage(options);
  await stage.supervisor.open();
  return stage;
}

test('the supervisor asks DPS once, then goes back to the same hub as often as the link breaks', async () => {
  const { supervisor, links } = await connected();
  for (let number = 1; number <= 5; number += 1) {
    stage.breakLink();
    await stage.until(() => links.length === number + 1);
  }
  expect(supervisor.registration?.assignedHub).toBe('hub-1');
  expect(stage.registrations).toBe(1);
});

test('the supervisor asks DPS once after ten failed attempts at the same hub', async () => {
  await connected();
  stage.outcomes = [...Array.from({ length: 10 }, () => hubError('CONNECTION_REFUSED')), 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  expect(stage.registrations).toBe(2);
  expect(stage.connectedTo.at(-1)).toBe('hub-2');
});

test.each(['UNAUTHORIZED', 'HOST_NOT_FOUND'] as const)(
  'the supervisor asks DPS at once when the hub answers %s',
  async (code) => {
    await connected();
    stage.outcomes = [hubError(code), 'up'];
    stage.breakLink();
    await stage.until(() => stage.links.length === 2);
    expect(stage.connectedTo).toEqual(['hub-1', 'hub-1', 'hub-2']);
  },
);

test('the supervisor goes back to its hub while DPS cannot be reached', async () => {
  await connected();
  stage.registrationError = dpsIsAway();
  stage.outcomes = [hubError('HOST_NOT_FOUND'), hubError('HOST_NOT_FOUND'), 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  expect(stage.connectedTo).toEqual(['hub-1', 'hub-1', 'hub-1', 'hub-1']);
});

test('the supervisor does not give up when the hub refuses the device while DPS cannot be asked', async () => {
  await connected();
  stage.registrationError = dpsIsAway();
  stage.outcomes = [...Array.from({ length: 20 }, () => hubError('UNAUTHORIZED')), 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  expect(stage.finished).toBe('not yet');
});

test('the supervisor goes on for ever while nobody answers', async () => {
  await connected();
  stage.outcomes = [...Array.from({ length: 200 }, () => hubError('CONNECTION_REFUSED')), 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  expect(stage.registrations).toBe(1 + 20);
});

test('the supervisor goes on for ever while DPS refuses the device, and asks DPS each time', async () => {
  await connected();
  stage.registrationError = disabled();
  stage.outcomes = [hubError('UNAUTHORIZED')];
  stage.breakLink();
  await stage.until(() => stage.registrations === 200);
  // The hub is not asked while DPS refuses.
  expect(stage.connectedTo).toEqual(['hub-1', 'hub-1']);
  expect(stage.finished).toBe('not yet');
  stage.registrationError = undefined;
  stage.outcomes = ['up'];
  await stage.until(() => stage.links.length === 2);
});

test('the supervisor asks DPS before each attempt at a hub that refuses the device', async () => {
  await connected();
  stage.outcomes = [...Array.from({ length: 50 }, () => hubError('UNAUTHORIZED')), 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  expect(stage.registrations).toBe(1 + 50);
});

test('the state says since when the device is refused, until another failure', async () => {
  await connected();
  stage.outcomes = [
    hubError('UNAUTHORIZED'),
    hubError('UNAUTHORIZED'),
    hubError('CONNECTION_REFUSED'),
    hubError('UNAUTHORIZED'),
    'up',
  ];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  const waits = stage.states.filter((state) => 'nextAttemptAt' in state);
  const since = waits.map((state) => ('refusedSince' in state ? state.refusedSince : undefined));
  expect(since).toEqual([undefined, expect.any(Date), since[1], undefined, expect.any(Date)]);
});

describe('giveUpAfterRefusedMs', () => {
  test('ends the connection with the last refusal, also during a pause', async () => {
    await connected({
      giveUpAfterRefusedMs: 20,
      minDelayMs: 1,
      maxDelayMs: 1,
      maxRefusedDelayMs: 2 ** 30,
    });
    stage.registrationError = disabled();
    stage.outcomes = [hubError('UNAUTHORIZED')];
    stage.breakLink();
    await stage.until(() => stage.finished !== 'not yet');
    expect(stage.finished).toBe(stage.registrationError);
    expect(stage.givenUp).toEqual([stage.registrationError]);
    expect(stage.states.at(-1)).toMatchObject({ status: 'closed', advice: 'enable it' });
  });

  test('does not end a connection that is not refused', async () => {
    await connected({ giveUpAfterRefusedMs: 0 });
    stage.outcomes = [...Array.from({ length: 20 }, () => hubError('CONNECTION_REFUSED')), 'up'];
    stage.breakLink();
    await stage.until(() => stage.links.length === 2);
    expect(stage.finished).toBe('not yet');
  });

  test('does not end a connection whose hub refuses it while DPS cannot be asked', async () => {
    await connected({ giveUpAfterRefusedMs: 5 });
    stage.registrationError = dpsIsAway();
    stage.outcomes = [...Array.from({ length: 20 }, () => hubError('UNAUTHORIZED')), 'up'];
    stage.breakLink();
    await stage.until(() => stage.links.length === 2);
    expect(stage.finished).toBe('not yet');
  });
});

test('giveUpAfterMs ends the connection while an attempt is under way that never ends', async () => {
  await connected({ giveUpAfterMs: 5 });
  stage.attach = () => new Promise(() => undefined);
  stage.breakLink();
  await stage.until(() => stage.finished !== 'not yet');
  expect(stage.finished).toMatchObject({ code: 'CONNECTION_REFUSED' });
  await stage.supervisor.close();
  expect(stage.links.map(({ isOpen }) => isOpen)).toEqual([false, false]);
});

test('the back-off goes on growing when the hub accepts the device and drops it at once', async () => {
  await connected({ minDelayMs: 1, maxDelayMs: 1_000_000 });
  const delays: number[] = [];
  const random = jest.spyOn(Math, 'random').mockReturnValue(0.5);
  try {
    for (let number = 1; number <= 5; number += 1) {
      stage.breakLink();
      await stage.until(() => stage.links.length === number + 1);
    }
  } finally {
    random.mockRestore();
  }
  for (const state of stage.states) {
    if (state.status === 'reconnecting' && state.nextAttemptAt) delays.push(state.nextAttemptAt.getTime());
  }
  expect(delays).toHaveLength(5);
  expect(backOff(5, { minDelayMs: 1, maxDelayMs: 1_000_000 }, () => 0.5)).toBe(8);
});

test('the advice of the state says what comes next', async () => {
  await connected();
  stage.outcomes = [hubError('CONNECTION_REFUSED'), hubError('UNAUTHORIZED'), 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  const advice = stage.states.flatMap((state) => (state.status === 'reconnecting' ? [state.advice] : []));
  expect(advice[0]).toMatch(/by itself/);
  expect(advice.at(-1)).toMatch(/registers again/);
});

test.each([
  ['Try again.', 'Connecting again by itself; nothing needs to be done unless it goes on.'],
  [
    'Try again. A hub ends a connection when the same device connects a second time.',
    'Connecting again by itself; nothing needs to be done unless it goes on. A hub ends a connection when the same device connects a second time.',
  ],
  [
    'The service is throttling: try again later, at random times if there are many devices.',
    'Connecting again by itself; nothing needs to be done unless it goes on. The service is throttling.',
  ],
  [
    'Check the network.',
    'Connecting again by itself; nothing needs to be done unless it goes on. Check the network.',
  ],
])('the advice leaves out to try again, which happens by itself: %s', async (remedy, expected) => {
  await connected();
  const error = hubError('CONNECTION_REFUSED');
  Object.defineProperty(error, 'remedy', { value: remedy });
  stage.outcomes = [error, 'up'];
  stage.breakLink();
  await stage.until(() => stage.links.length === 2);
  const advice = stage.states.flatMap((state) => (state.status === 'reconnecting' ? [state.advice] : []));
  expect(advice.at(-1)).toBe(expected);
});

test('a renewal in the middle of a reconnect takes over, and no link is left open', async () => {
  const { supervisor, links } = await connected();
  // The second link hangs in being taken into use until it ends.
  stage.attach = (link) =>
    new Promise((_resolve, reject) => {
      link.over.addEventListener('abort', () => reject(link.over.reason as Error));
    });
  stage.breakLink();
  while (links.length < 2) await new Promise((resolve) => setImmediate(resolve));
  stage.attach = () => Promise.resolve();
  await supervisor.renew({ device: renewed, commit: () => undefined });
  expect(stage.connectedTo.at(-1)).toBe('hub-9');
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(links.map(({ isOpen }) => isOpen)).toEqual([false, false, true]);
  expect(stage.states.at(-1)).toEqual({ status: 'connected' });
  await supervisor.close();
  expect(links.some(({ isOpen }) => isOpen)).toBe(false);
});

describe('a remembered assignment', () => {
  test('is used without asking DPS', async () => {
    stage = new Stage();
    stage.remembered = registration('hub-7');
    await stage.supervisor.open();
    expect(stage.connectedTo).toEqual(['hub-7']);
    expect(stage.registrations).toBe(0);
  });

  test('that does not work any more is replaced within the first call', async () => {
    stage = new Stage();
    stage.remembered = registration('hub-7');
    stage.outcomes = [hubError('UNAUTHORIZED'), 'up'];
    await stage.supervisor.open();
    expect(stage.connectedTo).toEqual(['hub-7', 'hub-1']);
  });
});

describe('a first connection', () => {
  const busy = () =>
    new ConnectionError({
      code: 'SERVICE_UNAVAILABLE',
      service: 'hub',
      host: 'hub-1',
      message: 'busy',
      remedy: 'none',
      isTransient: true,
    });

  test('that is refused is not repeated, and the caller alone gets the error', async () => {
    stage = new Stage();
    const refused = hubError('UNAUTHORIZED');
    stage.outcomes = [refused];
    await expect(stage.supervisor.open()).rejects.toBe(refused);
    expect(stage.connectedTo).toHaveLength(1);
    expect(stage.finished).toBe(refused);
    expect(stage.givenUp).toEqual([]);
  });

  test('that fails for the moment is repeated, and the state says so', async () => {
    stage = new Stage();
    stage.outcomes = [busy(), busy(), 'up'];
    await stage.supervisor.open();
    const next = expect.any(Date) as Date;
    expect(stage.states.filter(({ status }) => status !== 'provisioning')).toMatchObject([
      { status: 'connecting' },
      { status: 'connecting', error: { message: 'busy' }, attempt: 2, nextAttemptAt: next },
      { status: 'connecting', attempt: 2, advice: expect.stringContaining('by itself') as string },
      { status: 'connecting', attempt: 3, nextAttemptAt: next },
      { status: 'connecting', attempt: 3 },
      { status: 'connected' },
    ]);
  });

  test('that fails for the moment and then is refused is not repeated', async () => {
    stage = new Stage();
    const refused = hubError('UNAUTHORIZED');
    stage.outcomes = [busy(), refused];
    await expect(stage.supervisor.open()).rejects.toBe(refused);
    expect(stage.connectedTo).toHaveLength(2);
  });

  test('that nobody waits for goes on whatever happens', async () => {
    stage = new Stage();
    stage.outcomes = [hubError('UNAUTHORIZED'), hubError('HOST_NOT_FOUND'), busy(), 'up'];
    await stage.supervisor.open(true);
    expect(stage.connectedTo).toHaveLength(4);
  });

  test('that nobody waits for is given up loudly', async () => {
    stage = new Stage({ giveUpAfterMs: 0 });
    const refused = hubError('UNAUTHORIZED');
    stage.outcomes = [refused];
    await expect(stage.supervisor.open(true)).rejects.toBe(refused);
    expect(stage.givenUp).toEqual([refused]);
  });

  test('goes on while a remembered hub refuses the device and DPS cannot be asked', async () => {
    stage = new Stage();
    stage.remembered = registration('hub-7');
    stage.registrationError = dpsIsAway();
    stage.outcomes = [...Array.from({ length: 5 }, () => hubError('UNAUTHORIZED')), 'up'];
    await stage.supervisor.open();
    expect(new Set(stage.connectedTo)).toEqual(new Set(['hub-7']));
  });
});

describe('backOff', () => {
  const options = { minDelayMs: 1_000, maxDelayMs: 60_000 };
  test('stays below a bound that doubles up to the maximum', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((attempt) =>
      backOff(attempt, options, () => 0.999_999_9),
    );
    expect(bounds.map((delay) => Math.round(delay / 1000))).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });
  test('may be 0: full jitter spreads devices evenly', () => {
    expect(backOff(8, options, () => 0)).toBe(0);
  });
});
