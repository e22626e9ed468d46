import { X509Certificate } from 'node:crypto';
import {
  EmulatorError,
  type AuthorityCertificates,
  type CentralDevice,
  type Emulator,
  type HubEmulator,
  type JsonObject,
} from 'azure-iot-emulator';
import type { CentralDeviceRow, EnrollmentTerms, OperationName, Operations, Target } from './operations';

type Handlers = {
  readonly [Name in OperationName]: (
    emulator: Emulator,
    parameters: Operations[Name]['parameters'],
  ) => Operations[Name]['result'] | Promise<Operations[Name]['result']>;
};

/** Every hub, those behind IoT Central included. */
export function allHubs(emulator: Emulator): readonly HubEmulator[] {
  return [...emulator.hubs, ...emulator.centralApplications.map(({ hub }) => hub)];
}

function hubOf(emulator: Emulator, { deviceId, hub: name }: Target): HubEmulator {
  const hubs = allHubs(emulator).filter((hub) => name === undefined || hub.name === name);
  const [found, other] = hubs.filter((hub) => hub.devices.get(deviceId) !== undefined);
  if (found === undefined) {
    throw new EmulatorError(
      404001,
      `There is no device ${deviceId}${name === undefined ? '' : ` at ${name}`}.`,
    );
  }
  if (other === undefined) return found;
  throw new EmulatorError(
    400004,
    `Both ${found.name} and ${other.name} have a device ${deviceId}. Give --hub.`,
  );
}

function targetOf({ deviceId, moduleId }: Target): { deviceId: string; moduleId?: string } {
  return { deviceId, ...(moduleId !== undefined && { moduleId }) };
}

function termsOf({ hubs, initialTwin, isDisabled = false }: EnrollmentTerms) {
  return {
    ...(hubs !== undefined && hubs.length > 0 && { iotHubs: hubs }),
    ...(initialTwin !== undefined && { initialTwin }),
    provisioningStatus: isDisabled ? ('disabled' as const) : ('enabled' as const),
  };
}

function commonName(certificate: string): string {
  const { subject } = new X509Certificate(certificate);
  const name = /^CN=(.+)$/m.exec(subject)?.[1];
  if (name !== undefined) return name;
  throw new EmulatorError(400004, 'CERTIFICATE has no common name (CN): give --registration-id.');
}

/** Uploads an authority; unless it is trusted as it is, a code is made with which its key is proven to be there. */
function addAuthority(
  store: Pick<AuthorityCertificates, 'generateVerificationCode'> & {
    readonly add: () => { readonly isVerified: boolean };
  },
  name: string,
): { name: string; isVerified: boolean; verificationCode?: string } {
  const { isVerified } = store.add();
  return isVerified
    ? { name, isVerified }
    : { name, isVerified, verificationCode: store.generateVerificationCode(name) };
}

function centralRow({ deviceId, displayName, status, template }: CentralDevice): CentralDeviceRow {
  return { deviceId, displayName, status, ...(template !== undefined && { template }) };
}

/** One of the actions by its name; the command line offers no others. */
function pick<Action>(actions: Readonly<Record<string, Action>>, name: string): Action {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action !== undefined) return action;
  throw new EmulatorError(400004, `There is no action ${name}.`);
}

/** JSON as it would arrive at the other end: dates as text, absent things absent. */
function toJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/** What each operation does. `stop` is the server's own. */
export const HANDLERS: Omit<Handlers, 'stop'> = {
  status: ({ globalEndpoint, idScope, ca, hubs, centralApplications }) => ({
    globalEndpoint,
    idScope,
    ca,
    hubs: hubs.map(({ name, hostName }) => ({ name, hostName })),
    central: centralApplications.map((central) => ({
      idScope: central.idScope,
      hostName: central.hub.hostName,
    })),
    processId: process.pid,
  }),
  enroll: ({ dps }, { certificate, secondaryCertificate, registrationId, deviceId, ...terms }) => {
    const enrollment = dps.individualEnrollments.create({
      registrationId: registrationId ?? commonName(certificate),
      primaryCertificate: certificate,
      ...(secondaryCertificate !== undefined && { secondaryCertificate }),
      ...(deviceId !== undefined && { deviceId }),
      ...termsOf(terms),
    });
    return {
      registrationId: enrollment.registrationId,
      deviceId: enrollment.deviceId,
      status: enrollment.provisioningStatus,
    };
  },
  group: ({ dps }, { enrollmentGroupId, certificateName, signingCertificate, ...terms }) => {
    const attestation =
      certificateName === undefined ? { signingCertificate: signingCertificate ?? '' } : { certificateName };
    const group = dps.enrollmentGroups.create({ enrollmentGroupId, ...attestation, ...termsOf(terms) });
    const isVerified =
      certificateName === undefined || dps.certificates.get(certificateName)?.isVerified === true;
    return { enrollmentGroupId: group.enrollmentGroupId, status: group.provisioningStatus, isVerified };
  },
  enrollments: ({ dps: { individualEnrollments, enrollmentGroups, certificates } }) => [
    ...individualEnrollments.list().map(({ registrationId, deviceId, provisioningStatus }) => ({
      kind: 'individual' as const,
      id: registrationId,
      status: provisioningStatus,
      detail: deviceId,
    })),
    ...enrollmentGroups.list().map(({ enrollmentGroupId, certificateName, provisioningStatus }) => ({
      kind: 'group' as const,
      id: enrollmentGroupId,
      status: provisioningStatus,
      detail: certificateName ?? 'signing certificate',
    })),
    ...certificates.list().map(({ name, subject, isVerified }) => ({
      kind: 'ca' as const,
      id: name,
      status: isVerified ? 'verified' : 'unverified',
      detail: subject.replaceAll('\n', ', '),
    })),
  ],
  changeEnrollment: ({ dps }, { id, action, isGroup }) => {
    const enrollments = isGroup ? dps.enrollmentGroups : dps.individualEnrollments;
    const actions = {
      enable: () => enrollments.update(id, { provisioningStatus: 'enabled' }),
      disable: () => enrollments.update(id, { provisioningStatus: 'disabled' }),
      delete: () => enrollments.delete(id),
    };
    pick<() => unknown>(actions, action)();
    return {};
  },
  addAuthority: ({ dps: { certificates } }, { name, certificate, isVerified }) =>
    addAuthority(
      {
        add: () => certificates.upload({ name, certificate, isVerified }),
        generateVerificationCode: (of) => certificates.generateVerificationCode(of),
      },
      name,
    ),
  verifyAuthority: ({ dps }, { name, certificate }) => {
    dps.certificates.verify(name, certificate);
    return { name };
  },
  centralDevice: ({ central: { devices } }, { deviceId, certificate, secondaryCertificate }) => {
    if (devices.get(deviceId) === undefined) devices.create({ deviceId });
    if (certificate !== undefined) {
      devices.attest(deviceId, {
        primaryCertificate: certificate,
        secondaryCertificate: secondaryCertificate ?? certificate,
      });
    }
    const device = devices.get(deviceId);
    if (device === undefined) throw new EmulatorError(404001, `There is no device ${deviceId}.`);
    return centralRow(device);
  },
  centralGroup: ({ central: { enrollmentGroups } }, { name, certificate, isVerified }) =>
    addAuthority(
      {
        add: () => enrollmentGroups.create({ name, certificate, isVerified }),
        generateVerificationCode: (of) => enrollmentGroups.generateVerificationCode(of),
      },
      name,
    ),
  centralVerify: ({ central }, { name, certificate }) => {
    central.enrollmentGroups.verify(name, certificate);
    return { name };
  },
  centralDevices: ({ central }) => central.devices.list().map(centralRow),
  changeCentralDevice: ({ central: { devices } }, { deviceId, action }) => {
    const actions = {
      approve: () => devices.approve(deviceId),
      block: () => devices.block(deviceId),
      unblock: () => devices.unblock(deviceId),
      delete: () => {
        devices.delete(deviceId);
        return undefined;
      },
    };
    const device = pick<() => CentralDevice | undefined>(actions, action)();
    return device === undefined ? null : centralRow(device);
  },
  centralAutoApprove: ({ central }, { isOn }) => {
    central.isAutoApprovalOn = isOn;
    return { isOn };
  },
  centralTemplate: ({ central }, template) => {
    const { modelId, displayName } = central.deviceTemplates.create(template);
    return { modelId, displayName };
  },
  devices: (emulator) =>
    allHubs(emulator).flatMap((hub) =>
      hub.devices.list().map((device) => ({
        deviceId: device.deviceId,
        hub: hub.name,
        status: device.status,
        connectionState: device.connectionState,
        ...(device.modelId !== undefined && { modelId: device.modelId }),
        waitingMessages: device.cloudToDeviceMessageCount,
      })),
    ),
  changeDevice: (emulator, { action, ...target }) => {
    const hub = hubOf(emulator, target);
    const { deviceId } = target;
    const actions = {
      enable: () => hub.devices.enable(deviceId),
      disable: () => hub.devices.disable(deviceId),
      disconnect: () => hub.disconnectDevice(deviceId),
      delete: () => hub.devices.delete(deviceId),
    };
    pick<() => unknown>(actions, action)();
    return {};
  },
  send: async (emulator, { body, properties, isAwaited, ...target }) => {
    const hub = hubOf(emulator, target);
    const { messageId, outcome } = await hub.sendCloudToDevice(target.deviceId, { body, properties });
    return isAwaited ? { messageId, outcome: await outcome } : { messageId };
  },
  invoke: async (emulator, { deviceId, moduleId, hub, ...call }) => {
    const target = targetOf({ deviceId, ...(moduleId !== undefined && { moduleId }) });
    const { status, payload } = await hubOf(emulator, {
      deviceId,
      ...(hub !== undefined && { hub }),
    }).invokeMethod(target, call);
    return { status, payload };
  },
  twin: (emulator, { desired, tags, ...target }) => {
    const hub = hubOf(emulator, target);
    if (desired === undefined && tags === undefined) return toJson(hub.getTwin(targetOf(target)));
    const change = {
      ...(desired !== undefined && { properties: { desired } }),
      ...(tags !== undefined && { tags }),
    };
    return toJson(hub.updateTwin(targetOf(target), change));
  },
};
