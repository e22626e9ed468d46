import {
  connectDevice,
  Message,
  provisionDevice,
  type ConnectOptions,
  type EnrollmentKind,
  type ProvisionOptions,
} from 'azure-iot-x509';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
} from 'azure-iot-certificates';
import { startEmulator, type Emulator, type EmulatorOptions } from 'azure-iot-emulator';
import { areErrorDocsCurrent } from '../../scripts/generate-error-docs';
import { ENROLLMENTS, ENROLLMENT_KINDS } from '../../packages/certificates/src/enrollment';
import type { DeviceError } from '../../packages/certificates/src/errors';
import {
  findServiceCode,
  SERVICE_CODES,
  wordsFor,
  type ServiceCodeEntry,
} from '../../src/errors/service-codes';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { startScriptedHub } from '../support/scripted-hub';
import { startScriptedServer, type ScriptedClient } from '../support/scripted-server';

/* The catalogue itself, and the whole way from the wire to the message for what devices can be told. */

const keyOf = ({ service, code, text, name }: ServiceCodeEntry): string =>
  `${service} ${code ?? ''} ${code === undefined || text ? name : ''}`.trim().replace(/ +/g, ' ');

async function failureOf(call: Promise<unknown>): Promise<DeviceError> {
  return call.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error as DeviceError,
  );
}

/** That an error says what the catalogue says, for its kind of enrollment. */
function expectToSay(error: DeviceError, entry: ServiceCodeEntry, kind: EnrollmentKind): void {
  expect(error.message).toContain(wordsFor(entry.meaning, kind));
  expect(error.remedy).toBe(wordsFor(entry.remedy, kind));
  expect(error.isTransient).toBe(entry.isTransient);
  expect(error.service).toBe(entry.service);
}

describe('the catalogue of service codes', () => {
  test('has one entry for a service, a code and a text', () => {
    const keys = SERVICE_CODES.map(keyOf);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  test.each(ENROLLMENT_KINDS)(
    'has a meaning and a remedy in a few plain words for devices of kind %s',
    (kind) => {
      for (const entry of SERVICE_CODES) {
        const [meaning, remedy] = [wordsFor(entry.meaning, kind), wordsFor(entry.remedy, kind)];
        for (const text of [meaning, remedy]) {
          expect(text).toMatch(/^[A-Z0-9].*[.]$/);
          expect(text.length).toBeLessThan(480);
        }
        // Nobody is sent to a portal that the device is not in.
        if (ENROLLMENTS[kind].portal === 'Azure portal') expect(remedy).not.toContain('IoT Central >');
        else if (entry.service === 'dps') expect(remedy).not.toContain('Azure portal >');
      }
    },
  );

  test('explains the same code of DPS and of IoT Hub differently', () => {
    for (const code of [401000, 401001, 401002, 429001, 400004, 5]) {
      const [dps, hub] = [findServiceCode('dps', code), findServiceCode('hub', code)];
      expect(dps?.meaning).toBeDefined();
      expect(hub?.meaning).toBeDefined();
      expect(dps?.meaning).not.toBe(hub?.meaning);
    }
    expect(findServiceCode('hub', 400207)).toBeUndefined();
    expect(findServiceCode('dps', 404104)).toBeUndefined();
    expect(findServiceCode('dps', undefined)).toBeUndefined();
  });

  test('chooses between entries of the same code by the text of the answer', () => {
    const entry = (text?: string) => findServiceCode('dps', 401002, text)?.name;
    expect(entry('CA certificate not found.')).toBe('CA certificate not found.');
    expect(entry('Invalid certificate.')).toBe('Invalid certificate.');
    expect(entry()).toBe('Invalid certificate.');
    expect(entry('device using invalid or expired credentials')).toBe('Invalid certificate.');
    expect(entry('The moon is full.')).toBe('Another text');
    expect(entry('IotHubUnauthorizedAccess')).toBe('IotHubUnauthorizedAccess');
    expect(findServiceCode('hub', 401003, 'Thumbprint does not match configuration: …')?.name).toContain(
      'Thumbprint',
    );
  });

  test('agrees with docs/errors.md, which npm run docs:errors writes', () => {
    expect(areErrorDocsCurrent()).toBe(true);
  });
});

/** How an entry that the emulator can produce comes about: a device that is enrolled wrongly, or no longer welcome. */
interface Scene {
  entry: string;
  kinds: readonly EnrollmentKind[];
  emulator?: EmulatorOptions;
  /** Answers with the options that fail. */
  play: (emulator: Emulator, enroll: () => Promise<EnrolledDevice>, kind: EnrollmentKind) => Promise<object>;
}

const INDIVIDUAL = ['hub-individual', 'central-individual'] as const;
const GROUP = ['hub-group', 'central-group'] as const;
const subject = { organization: 'Contoso' };

const SCENES: readonly Scene[] = [
  {
    entry: 'dps 401002 Invalid certificate.',
    kinds: INDIVIDUAL,
    play: async (_emulator, enroll) => {
      const { registrationId, options } = await enroll();
      const other = await createSelfSignedCertificate({ commonName: registrationId, subject });
      return { ...options, cert: other.certificate, key: other.privateKey };
    },
  },
  {
    entry: 'dps 401002 Invalid certificate.',
    kinds: ['hub-group'],
    play: async (emulator, enroll) => {
      const { registrationId, options } = await enroll();
      const { certificate } = await createSelfSignedCertificate({ commonName: registrationId, subject });
      emulator.dps.individualEnrollments.create({ registrationId, primaryCertificate: certificate });
      return options;
    },
  },
  {
    entry: 'dps 401002 CA certificate not found.',
    kinds: GROUP,
    play: async (_emulator, enroll) => {
      const { registrationId, options } = await enroll();
      const issuer = await createRootCertificate({ commonName: 'Somebody else', subject });
      const other = await createDeviceCertificate({ commonName: registrationId, issuer, subject });
      return { ...options, cert: other.fullChain, key: other.privateKey };
    },
  },
  {
    entry: 'dps 401002 CA certificate not found.',
    kinds: INDIVIDUAL,
    play: async (_emulator, enroll) => {
      const other = await createSelfSignedCertificate({ commonName: 'nobody-enrolled-me', subject });
      return { ...(await enroll()).options, cert: other.certificate, key: other.privateKey };
    },
  },
  {
    entry: 'dps 401000',
    kinds: ['hub-individual'],
    play: async (emulator, enroll) => {
      const { registrationId, options } = await enroll();
      emulator.dps.individualEnrollments.update(registrationId, { provisioningStatus: 'disabled' });
      return options;
    },
  },
  {
    entry: 'dps 401000',
    kinds: ['hub-group'],
    play: async (emulator, enroll) => {
      const { registrationId, options } = await enroll();
      emulator.dps.enrollmentGroups.update(`${registrationId}-ca`, { provisioningStatus: 'disabled' });
      return options;
    },
  },
  {
    entry: 'dps 400208',
    kinds: ['hub-individual'],
    emulator: { hubs: [] },
    play: async (emulator, _enroll, enrollment) => {
      const { certificate, privateKey } = await createSelfSignedCertificate({ commonName: 'dev-1', subject });
      emulator.dps.individualEnrollments.create({ registrationId: 'dev-1', primaryCertificate: certificate });
      const { idScope, globalEndpoint, ca } = emulator;
      return { enrollment, idScope, globalEndpoint, ca, cert: certificate, key: privateKey };
    },
  },
  {
    entry: 'dps 400209',
    kinds: ['central-individual', 'central-group'],
    play: async (emulator, enroll) => {
      const { registrationId, options } = await enroll();
      await provisionDevice(options);
      emulator.central.devices.block(registrationId);
      return options;
    },
  },
  {
    entry: 'dps 400207',
    kinds: ['central-group'],
    play: async (emulator, _enroll, kind) => {
      const { options } = await enrollDevice(emulator, kind, 'dotted.name');
      return { ...options, skipChecks: ['common-name-central-characters'] };
    },
  },
  ...([3, 4, 5] as const).map((unknownIdScope): Scene => ({
    entry: `dps ${unknownIdScope}`,
    kinds: ENROLLMENT_KINDS,
    emulator: { unverifiedBehavior: { unknownIdScope } },
    play: async (_emulator, enroll) => ({ ...(await enroll()).options, idScope: '0ne00FFFFFF' }),
  })),
  ...([3, 5] as const).map((disabledDevice): Scene => ({
    entry: `hub ${disabledDevice}`,
    kinds: ENROLLMENT_KINDS,
    emulator: { unverifiedBehavior: { disabledDevice } },
    play: async (_emulator, enroll) => {
      const { hub, registrationId, options } = await enroll();
      await provisionDevice(options);
      hub.devices.disable(registrationId);
      return options;
    },
  })),
];

function entryOf(key: string): ServiceCodeEntry {
  const entry = SERVICE_CODES.find((one) => keyOf(one) === key);
  if (!entry) throw new Error(`There is no ${key}.`);
  return entry;
}

const emulators = new Map<string, Promise<Emulator>>();

/** The emulator of all scenes with these options. Each scene has a device of its own. */
function emulatorWith(init: EmulatorOptions = {}): Promise<Emulator> {
  const key = JSON.stringify(init);
  const emulator = emulators.get(key) ?? startEmulator({ retryAfterSeconds: 0, ...init });
  emulators.set(key, emulator);
  return emulator;
}

afterAll(async () => {
  for (const emulator of emulators.values()) await (await emulator).close();
});

const SCENES_BY_KIND = SCENES.flatMap(({ kinds, ...scene }) => kinds.map((kind) => ({ kind, ...scene })));

test.each(SCENES_BY_KIND.map((scene, index) => ({ ...scene, deviceId: `dev-${index}` })))(
  'connectDevice explains the refusal "$entry" of the emulator to a device of kind $kind in its own terms',
  async ({ entry: key, kind, emulator: init, play, deviceId }) => {
    const entry = entryOf(key);
    const emulator = await emulatorWith(init);
    const options = (await play(
      emulator,
      () => enrollDevice(emulator, kind, deviceId),
      kind,
    )) as ConnectOptions;
    const error = await failureOf(
      connectDevice({ ...options, timeoutMs: 20_000, reconnect: { giveUpAfterMs: 0 } }),
    );
    expect(error.message).toContain(wordsFor(entry.meaning, kind));
    expect(error).toMatchObject({ serviceCode: entry.code, isTransient: entry.isTransient });
    expect(error.remedy).not.toMatch(/portal|IoT Central >/);
    expect(error.remedy).toMatch(/azure-iot-emulator|Try again|Wait/);
    // A refusal has a tracking ID; a registration that ends as failed has none.
    if (entry.code === 401000 || entry.code === 401002) {
      expect(error.trackingId).toMatch(/^[0-9a-f-]{36}$/);
      expect(error.message).toContain(`Tracking ID: ${error.trackingId ?? ''}.`);
    }
  },
);

test('a connected device is not sent to a portal by what the hub of an emulator refuses', async () => {
  const emulator = await emulatorWith({});
  const { options } = await enrollDevice(emulator, 'hub-individual', 'connected-1');
  const reconnect = { minDelayMs: 1, maxDelayMs: 5 };
  const connection = await connectDevice({ ...options, reconnect, timeoutMs: 20_000 });
  const remedies: string[] = [];
  const warned = new Promise<void>((resolve) => {
    connection.on('state', (state) => {
      const error = 'error' in state ? state.error : undefined;
      const warning = 'warning' in state ? state.warning : undefined;
      for (const told of [error, warning]) if (told) remedies.push(told.remedy);
      if (warning) resolve();
    });
  });
  try {
    for (const [status, code] of [
      [403, 403_002],
      [429, 429_001],
      [500, 500_001],
      [503, 503_001],
    ] as const) {
      emulator.faults.add({ at: 'twin-get', action: { kind: 'answer', status, code } });
      const refusal = await failureOf(connection.client.getTwin());
      expect(refusal).toMatchObject({ code: 'TWIN_REFUSED', serviceCode: code, isTransient: true });
      expect(refusal.remedy).toMatch(/^(Send less often|Try again later|Wait until 00:00 UTC)\.$/);
    }
    emulator.faults.add({ at: 'telemetry', action: { kind: 'close', when: 'before' } });
    await connection.sendEvent(new Message('one'));
    emulator.faults.add({ at: 'subscribe', action: { kind: 'refuse' } });
    connection.onMethod('reboot', () => 'done');
    await warned;
    expect(remedies.length).toBeGreaterThanOrEqual(2);
    for (const remedy of remedies) expect(remedy).not.toMatch(/portal/i);
  } finally {
    await connection.close();
    emulator.faults.clear();
  }
});

describe('an error from a scripted server', () => {
  const TRACKING_ID = '8d2c9f0e-0000-4000-8000-000000000000';
  const credentials = new Map<EnrollmentKind, object>();

  beforeAll(async () => {
    const issuer = await createRootCertificate({ commonName: 'Contoso root', subject });
    const member = await createDeviceCertificate({ commonName: 'dev-1', subject, issuer });
    const single = await createSelfSignedCertificate({ commonName: 'dev-1', subject });
    for (const enrollment of ENROLLMENT_KINDS) {
      const { certificate, privateKey } = ENROLLMENTS[enrollment].attests === 'leaf' ? single : member;
      credentials.set(enrollment, { enrollment, cert: certificate, key: privateKey });
    }
  });

  async function registerWith(kind: EnrollmentKind, script: (client: ScriptedClient) => unknown) {
    await using server = await startScriptedServer(script);
    const { endpoint, ca } = server;
    const options = { ...credentials.get(kind), idScope: '0ne00ABCDEF', globalEndpoint: endpoint, ca };
    return await failureOf(provisionDevice({ ...options, timeoutMs: 20_000 } as ProvisionOptions));
  }

  const refusing = (status: number, body: object) => async (client: ScriptedClient) => {
    await client.accept();
    await client.acceptSubscription();
    client.answer(await client.acceptPublish(), status, body);
    client.end();
  };

  describe.each(ENROLLMENT_KINDS)('to a device of kind %s', (kind) => {
    // Words that are the same for several kinds need to be seen on the wire once.
    const words = ({ meaning, remedy }: ServiceCodeEntry, one: EnrollmentKind): string =>
      wordsFor(meaning, one) + wordsFor(remedy, one);
    const answers = SERVICE_CODES.filter(
      (entry) =>
        entry.seen === 'answer' &&
        ENROLLMENT_KINDS.find((one) => words(entry, one) === words(entry, kind)) === kind,
    );

    test.each(answers.map((entry) => [keyOf(entry), entry] as const))(
      'explains the answer "%s" as the catalogue does',
      async (_key, entry) => {
        const { code = 400, name } = entry;
        // Three digits stand for all codes that begin with them and are not known.
        const errorCode = code < 1000 ? code * 1000 + 999 : code;
        const status = Math.floor(errorCode / 1000);
        const error = await registerWith(
          kind,
          refusing(status, { errorCode, message: name, trackingId: TRACKING_ID }),
        );
        expectToSay(error, entry, kind);
        expect(error).toMatchObject({ serviceCode: errorCode, trackingId: TRACKING_ID });
        expect(error.message).toContain(`${errorCode} "${name.replace(/\.$/, '')}"`);
        expect(error.message).toContain(TRACKING_ID);
      },
    );

    test.each([1, 2, 3, 4, 5])('explains CONNACK %d of DPS as the catalogue does', async (returnCode) => {
      const error = await registerWith(kind, async (client) => {
        await client.expect('connect');
        client.send({ cmd: 'connack', returnCode, sessionPresent: false });
      });
      expectToSay(error, entryOf(`dps ${returnCode}`), kind);
      expect(error.message).toContain(`(CONNACK ${returnCode})`);
    });

    test.each([1, 2, 3, 4, 5])('explains CONNACK %d of the hub as the catalogue does', async (returnCode) => {
      await using hub = await startScriptedHub(async (client) => {
        await client.expect('connect');
        client.send({ cmd: 'connack', returnCode, sessionPresent: false });
      });
      const error = await failureOf(
        connectDevice({ ...hub.options, ...credentials.get(kind), reconnect: { giveUpAfterMs: 0 } }),
      );
      expectToSay(error, entryOf(`hub ${returnCode}`), kind);
    });
  });

  test.each([
    ['an unknown code', 418, { errorCode: 418999, message: 'I am a teapot.', trackingId: TRACKING_ID }, 418999],
    ['an unknown code of a known status', 404, { errorCode: 404999, message: 'Gone.', trackingId: TRACKING_ID }, 404999],
    ['no code', 418, { message: 'I am a teapot.', trackingId: TRACKING_ID }, undefined],
    ['nothing at all', 403, {}, undefined],
  ])('gives status, text and tracking ID of an answer with %s', async (_what, status, body, serviceCode) => {
    const error = await registerWith('hub-group', refusing(status, body));
    expect(error.serviceCode).toBe(serviceCode);
    expect(error.message).toContain(String(serviceCode ?? status));
    if ('message' in body) expect(error.message).toContain(`"${body.message.replace(/\.$/, '')}"`);
    expect(error.trackingId).toBe('trackingId' in body ? TRACKING_ID : undefined);
    expect(error.remedy).not.toBe('');
  }); // prettier-ignore

  test.each(GROUP)('names, for 401002 to a device of kind %s, the issuer that was not sent', async (kind) => {
    const error = await registerWith(
      kind,
      refusing(401, { errorCode: 401002, message: 'CA certificate not found.' }),
    );
    expect(error.message).toContain('end at one issued by "O=Contoso, CN=Contoso root".');
    expect(error.message).toContain('The certificate of "O=Contoso, CN=Contoso root" itself was not sent');
  });

  test('says, for 401002 in a group, that the certificate is self-signed', async () => {
    const self = { ...credentials.get('hub-individual'), enrollment: 'hub-group' };
    await using server = await startScriptedServer(refusing(401, { errorCode: 401002 }));
    const error = await failureOf(
      provisionDevice({
        ...self,
        idScope: '0ne00ABCDEF',
        globalEndpoint: server.endpoint,
        ca: server.ca,
        skipChecks: ['leaf-is-not-self-signed'],
      } as unknown as ProvisionOptions),
    );
    expect(error.message).toContain('The certificate that was sent is self-signed');
  });
});
