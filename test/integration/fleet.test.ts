import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDevice } from 'azure-iot-x509';
import { createDeviceCertificate, createRootCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { PROGRAM_ENV, ROOT, writeProgram } from '../support/built';

/* Three thousand devices that connect at the same moment, with default options. */

const DEVICES = 3_000;

async function startFleet() {
  const emulator = await startEmulator();
  const issuer = await createRootCertificate({ commonName: 'fleet' });
  emulator.dps.certificates.upload({ name: 'fleet', certificate: issuer.certificate, isVerified: true });
  emulator.dps.enrollmentGroups.create({ enrollmentGroupId: 'fleet', certificateName: 'fleet' });
  const { idScope, globalEndpoint, ca } = emulator;
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, async (_, index) => {
      const device = await createDeviceCertificate({ commonName: `device-${index}`, issuer });
      return { cert: device.fullChain, key: device.privateKey };
    }),
  );
  return { emulator, devices, base: { enrollment: 'hub-group', idScope, globalEndpoint, ca } as const };
}

test('three thousand devices connect at once from the process of the emulator', async () => {
  const { emulator, devices, base } = await startFleet();
  try {
    const outcomes = await Promise.allSettled(devices.map((device) => connectDevice({ ...base, ...device })));
    const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(failures).toEqual([]);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') void outcome.value.close();
  } finally {
    await emulator.close();
  }
}, 900_000);

test('three thousand devices connect at once from a process of their own', async () => {
  const { emulator, devices, base } = await startFleet();
  const directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-'));
  try {
    const program = join(directory, 'fleet.cjs');
    writeProgram(
      program,
      `import { connectDevice } from ${JSON.stringify(ROOT)};
      process.once('message', async ({ devices, base }) => {
        const outcomes = await Promise.allSettled(devices.map((device) => connectDevice({ ...base, ...device })));
        const failures = outcomes.filter(({ status }) => status === 'rejected').map(({ reason }) => String(reason));
        process.send(failures, () => process.exit());
      });`,
    );
    const child = fork(program, { env: { ...process.env, ...PROGRAM_ENV } });
    child.send({ devices, base });
    const [failures] = (await once(child, 'message')) as [string[]];
    expect(failures).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
    await emulator.close();
  }
}, 900_000);
