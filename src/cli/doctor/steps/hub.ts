import { Message } from 'azure-iot-device';
import { connectWatched } from '../../../connect';
import type { DeviceConnection } from '../../../index';
import { TimeoutError } from '../../../errors/errors';
import { withDeadline } from '../../../network/deadline';
import type { Step } from '../step';

/** The time that the hub has to acknowledge the message, in milliseconds. */
const ACKNOWLEDGE_MS = 30_000;

/** The step that connects to the hub, which must accept the device. */
export const hubConnection: Step = {
  name: 'hub-connection',
  title: 'hub connection',
  needs: ['registration', 'hub-tls'],
  run: async (examination, signal) => {
    const { options } = examination;
    const registration = required(examination.registration);
    // The assignment of the registration step is used, so that the device is not registered again.
    const assignments = { load: () => Promise.resolve(registration), save: () => Promise.resolve() };
    // One failure is a finding.
    const failed = new AbortController();
    const watch = (connection: DeviceConnection) =>
      connection.on('state', (state) => {
        if (state.status === 'connecting' && state.error) failed.abort(state.error);
      });
    const first = AbortSignal.any([signal, failed.signal]);
    examination.connection = await connectWatched({ ...options, assignments, signal: first }, watch);
    return { status: 'ok', summary: `${registration.assignedHub} accepts ${registration.deviceId}` };
  },
};

/** The step that sends a message, which the hub must acknowledge. */
export const telemetry: Step = {
  name: 'telemetry',
  title: 'telemetry',
  needs: ['hub-connection'],
  run: async (examination, signal) => {
    const connection = required(examination.connection);
    const { assignedHub } = connection.registration;
    const onTimeout = () =>
      new TimeoutError({
        service: 'hub',
        message: `${assignedHub} did not acknowledge the message within ${ACKNOWLEDGE_MS / 1000} s.`,
        remedy: 'Check the quota of messages of the hub, and try again.',
      });
    await withDeadline({ timeoutMs: ACKNOWLEDGE_MS, signal, onTimeout }, () =>
      Promise.race([connection.client.sendEvent(message()), lost(connection)]),
    );
    return { status: 'ok', summary: 'the hub has acknowledged a message' };
  },
};

function message(): Message {
  const doctor = new Message(JSON.stringify({ doctor: true }));
  doctor.contentType = 'application/json';
  doctor.contentEncoding = 'utf-8';
  doctor.properties.add('azure-iot-x509', 'doctor');
  return doctor;
}

/** Rejects when the connection is lost. */
function lost(connection: DeviceConnection): Promise<never> {
  return new Promise((_resolve, reject) => {
    connection.on('state', (state) => {
      if (state.status === 'reconnecting') reject(state.error);
    });
  });
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The steps are run in their order.');
  return value;
}
