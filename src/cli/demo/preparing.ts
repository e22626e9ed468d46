import { checkCredentials, CredentialsError, writeCertificate } from 'azure-iot-certificates';
import { connectDevice } from '../../connect';
import { DeviceProgram } from './device-program';
import { expectThat } from './observation';
import type { Walk } from './walk';

/** Makes the certificates, writes them as a person would have them, and has the library check them. */
export async function makeCertificates(walk: Walk): Promise<string> {
  const { registrationId, makeCertificates: make } = walk.demo;
  const certificates = await make(registrationId);
  const files = await writeCertificate(certificates.device, {
    directory: walk.directory,
    name: registrationId,
  });
  walk.certificates = { ...certificates, files };
  const report = await checkCredentials({
    enrollment: walk.kind,
    certFile: files.deviceCertFile,
    keyFile: files.keyFile,
  });
  if (!report.ok) throw new CredentialsError(report);
  return `${certificates.story}; the library's check of the two files found no error`;
}

/** Enrolls what was made. */
export async function enroll(walk: Walk): Promise<string> {
  const { demo, emulator, certificates } = walk;
  const { registrationId } = demo;
  return demo.enroll({ emulator, registrationId, enrolled: certificates.enrolled });
}

/** Certificate check, DPS, hub: what the library is for. Then starts the device's program. */
export async function connect(walk: Walk, signal: AbortSignal): Promise<string> {
  const { kind, demo, emulator, timeoutMs } = walk;
  const { files } = walk.certificates;
  const { modelId, place } = demo;
  const connection = await connectDevice({
    enrollment: kind,
    idScope: place.idScope(emulator),
    globalEndpoint: emulator.globalEndpoint,
    certFile: files.deviceCertFile,
    keyFile: files.keyFile,
    // Only the emulator needs it: the servers of Azure have certificates that every computer trusts.
    ca: emulator.ca,
    ...(modelId !== undefined && { modelId }),
    timeoutMs,
    signal,
  });
  walk.connection = connection;
  const program = await DeviceProgram.start(connection.client);

  const { assignedHub, deviceId } = connection.registration;
  const status = place.status(emulator, demo.registrationId);
  expectThat(status === place.admitted, `the ${place.source} in status ${place.admitted}`);
  const hub = place.hub(emulator);
  expectThat(hub.hostName === assignedHub, `the hub ${hub.hostName} assigned`);
  const identity = hub.devices.get(deviceId);
  expectThat(identity?.connectionState === 'Connected', `device ${deviceId} connected to ${assignedHub}`);
  expectThat(identity.modelId === modelId, `device ${deviceId} with model ${modelId ?? '(none)'}`);
  walk.session = { connection, program, hub, deviceId };
  const model = modelId === undefined ? '' : `, which announced its model ${modelId}`;
  return `DPS recognized the certificate (${place.source}: ${status}) and named the hub ${assignedHub}; connected there as device "${deviceId}"${model}`;
}
