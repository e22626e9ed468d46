import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectTypeOf } from 'expect-type';
import { startEmulator, type FaultActions, type FaultInit } from 'azure-iot-emulator';
import { InvalidOptionsError } from 'azure-iot-certificates';
import { ACTIONS } from '../../src/faults/actions';
import { useEmulator } from '../support/emulator';

/* What makes a fault, and what does not. */

const context = useEmulator({ hubs: ['north', 'south'] });

afterEach(() => {
  context.emulator.faults.clear();
});

/** What is wrong with a fault, as callers in JavaScript could pass it. */
function problemsOf(fault: unknown, { faults } = context.emulator): string[] {
  try {
    faults.add(fault as FaultInit);
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    expect(error.remedy).not.toBe('');
    return error.problems.map(({ option, message }) => `${option} ${message}`);
  }
  return [];
}

const ignore = { kind: 'ignore' };

describe('a fault', () => {
  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['at is not a step.']],
    ['no step', { action: ignore }, ['at is not a step.']],
    ['another step', { at: 'twin', action: ignore }, ['at is not a step.']],
    ['a step of the prototype', { at: 'toString', action: ignore }, ['at is not a step.']],
    ['no action', { at: 'ping' }, ['action.kind is not an action of the step ping.']],
    [
      'another action',
      { at: 'ping', action: { kind: 'refuse' } },
      ['action.kind is not an action of the step ping.'],
    ],
    [
      'an action of the prototype',
      { at: 'ping', action: { kind: 'constructor' } },
      ['action.kind is not an action of the step ping.'],
    ],
    [
      'a misspelled member',
      { at: 'ping', times: 1, tims: 2, action: ignore },
      ['tims is not an option. Did you mean times?'],
    ],
    [
      'a member of another action',
      { at: 'ping', action: { ...ignore, ms: 1 } },
      ['action.ms is not an option.'],
    ],
    [
      'a wrong moment',
      { at: 'ping', action: { ...ignore, when: 'now' } },
      ['action.when must be one of before, after.'],
    ],
    [
      'a moment that the step does not have',
      { at: 'puback', action: { ...ignore, when: 'after' } },
      ['action.when must be one of before.'],
    ],
    [
      'no milliseconds',
      { at: 'ping', action: { kind: 'delay' } },
      ['action.ms must be a whole number from 1 to 2147483647.'],
    ],
    [
      'half a millisecond',
      { at: 'ping', action: { kind: 'delay', ms: 0.5 } },
      ['action.ms must be a whole number from 1 to 2147483647.'],
    ],
    [
      'return code 0',
      { at: 'connect', action: { kind: 'refuse', returnCode: 0 } },
      ['action.returnCode must be a whole number from 1 to 5.'],
    ],
    [
      'a code of five digits',
      { at: 'poll', action: { kind: 'answer', status: 429, code: 42900 } },
      ['action.code must be a whole number from 100000 to 999999.'],
    ],
    [
      'a body that is not JSON',
      { at: 'poll', action: { kind: 'answer', status: 200, body: () => 1 } },
      ['action.body must be a JSON value.'],
    ],
    [
      'garbage that the step does not have',
      { at: 'puback', action: { kind: 'garbage', what: 'not-json' } },
      ['action.what must be one of not-mqtt, truncated.'],
    ],
    ['skip below 0', { at: 'ping', skip: -1, action: ignore }, ['skip must be a whole number from 0.']],
    [
      'times 0',
      { at: 'ping', times: 0, action: ignore },
      ['times must be a whole number from 1 or Infinity.'],
    ],
    [
      'a device that is none',
      { at: 'ping', device: 1, action: ignore },
      ['device must be the ID of a device.'],
    ],
    [
      'a device before there is one',
      { at: 'tls', device: 'pump-1', action: { kind: 'stall' } },
      ['device is not known at this step.'],
    ],
    [
      'an unknown service',
      { at: 'ping', service: 'east', action: ignore },
      ['service is not the name of a service of the emulator.'],
    ],
    [
      'an unknown hub to move to',
      { at: 'ping', action: { kind: 'move', to: 'east' } },
      ['action.to is not the name of a hub of the emulator.'],
    ],
    [
      'IoT Central to move to',
      { at: 'ping', action: { kind: 'move', to: 'central' } },
      ['action.to is not the name of a hub of the emulator.'],
    ],
    [
      'several problems',
      { at: 'ping', skip: 'x', service: '', action: { kind: 'delay', ms: '1' } },
      [
        'skip must be a whole number from 0.',
        'service is not the name of a service of the emulator.',
        'action.ms must be a whole number from 1 to 2147483647.',
      ],
    ],
  ])('is refused with %s', (_title, fault, problems) => {
    expect(problemsOf(fault)).toEqual(problems);
    expect(context.emulator.faults.list()).toEqual([]);
  });

  it('is refused with a hint at the similar name', () => {
    expect(() => context.emulator.faults.add({ at: 'telemtry', action: ignore } as never)).toThrow(
      expect.objectContaining({
        remedy: expect.stringContaining('Did you mean telemetry?') as string,
      }) as Error,
    );
    expect(() => context.emulator.faults.add({ at: 'tcp', action: { kind: 'refuse' } } as never)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('close, reset, stall') as string }) as Error,
    );
  });

  it('may have all members at once', () => {
    const everything: FaultInit = {
      at: 'register',
      device: 'pump-1',
      service: 'dps',
      skip: 1,
      times: Infinity,
      action: {
        kind: 'answer',
        status: 429,
        code: 429001,
        message: 'slow',
        retryAfterSeconds: 0,
        body: null,
      },
    };
    expect(problemsOf(everything)).toEqual([]);
    expect(problemsOf({ at: 'ping', action: { kind: 'restart', service: 'central', downMs: 0 } })).toEqual(
      [],
    );
  });

  it('does not compile with a wrong combination', () => {
    const faults: FaultInit[] = [
      // @ts-expect-error -- a device is not known before CONNECT
      { at: 'tcp', device: 'pump-1', action: { kind: 'reset' } },
      // @ts-expect-error -- CONNECT is not answered with a status
      { at: 'connect', action: { kind: 'answer', status: 429 } },
      // @ts-expect-error -- a return code belongs to it
      { at: 'connect', action: { kind: 'refuse' } },
      // @ts-expect-error -- there is nothing after a PUBACK that it could be late for
      { at: 'puback', action: { kind: 'delay', ms: 1, when: 'after' } },
      // @ts-expect-error -- an acknowledgement has no body
      { at: 'puback', action: { kind: 'garbage', what: 'not-json' } },
      // @ts-expect-error -- only CONNECT has return codes
      { at: 'subscribe', action: { kind: 'refuse', returnCode: 5 } },
    ];
    for (const fault of faults) expect(problemsOf(fault)).not.toEqual([]);
    expectTypeOf<FaultActions['device-puback']['kind']>().toEqualTypeOf<
      | 'close'
      | 'reset'
      | 'delay'
      | 'throttle'
      | 'swallow'
      | 'ignore'
      | 'disconnect'
      | 'disable'
      | 'delete'
      | 'move'
      | 'restart'
    >();
  });

  it('has the same actions at run time as in its type', () => {
    // The table is of a type that has to name each kind of each step.
    expect(Object.keys(ACTIONS)).toHaveLength(18);
    expectTypeOf(ACTIONS).toExtend<Record<keyof FaultActions, object>>();
  });
});

describe('the documentation', () => {
  const page = readFileSync(join(__dirname, '../../docs/emulator-faults.md'), 'utf8');
  const namesIn = (text: string): string[] => [...text.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name);

  it('has each step with its actions', () => {
    const any = namesIn(/_Any_ is (?<names>[^]*?)\n\n/.exec(page)?.groups?.['names'] ?? '');
    const ofTheService = any.slice(any.indexOf('disconnect'));
    const rows = page.matchAll(/^\| `(?<step>[a-z-]+)` +\| [^|]+ \| (?<actions>[^|]+) \|$/gm);
    const steps = [...rows].map(({ groups: { step = '', actions = '' } = {} }) => [
      step,
      [
        ...namesIn(actions),
        ...(actions.includes('_any_') ? any : []),
        ...(actions.includes('those of the service') ? ofTheService : []),
      ].sort(),
    ]);
    const expected = Object.entries(ACTIONS).map(([step, actions]) => [step, Object.keys(actions).sort()]);
    expect(steps.filter(([step]) => Object.hasOwn(ACTIONS, String(step)))).toEqual(expected);
  });
});

describe('a fault on a shared port', () => {
  const shared = useEmulator({ hubs: ['north'], sharedPorts: [0] });

  it('is refused when the service cannot be told at its step', () => {
    const { emulator } = shared;
    const stall = { kind: 'stall' };
    expect(problemsOf({ at: 'tcp', service: 'north', action: stall }, emulator)).toEqual([
      'service cannot be told at this step from others on the same port.',
    ]);
    expect(problemsOf({ at: 'tcp', action: { kind: 'restart', downMs: 0 } }, emulator)).toEqual([
      'action.service cannot be told at this step from others on the same port.',
    ]);
    expect(problemsOf({ at: 'tcp', action: stall }, emulator)).toEqual([]);
    expect(problemsOf({ at: 'connect', service: 'north', action: ignore }, emulator)).toEqual([]);
  });
});

describe('the name "dps"', () => {
  it('is refused for a hub', async () => {
    await expect(startEmulator({ hubs: ['dps'] })).rejects.toThrow('names a hub dps');
    await expect(startEmulator({ centralApplications: ['dps'] })).rejects.toThrow('names an application dps');
  });
});
