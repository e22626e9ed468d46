import { Message } from 'azure-iot-device';
import { abortable, withDeadline } from '../../../network/deadline';
import { TimeoutError } from '../../../errors/errors';
import { TELEMETRY_TIMEOUT_MS } from '../../../connection/outbox';
import type { HubLink } from '../../../hub/link';
import { explained } from '../probe';
import type { Step } from '../step';
import { targetOf } from '../target';

/** Whether the hub takes a message. */
export const telemetry: Step = {
  name: 'telemetry',
  title: 'telemetry',
  doing: 'sending a message',
  needs: ['hub-connection'],
  run: async (examination, signal) => {
    const { link } = examination;
    if (!link) throw new Error('The steps are run in their order.');
    const target = targetOf('hub', examination);
    const onTimeout = () =>
      new TimeoutError({
        service: 'hub',
        message: `${target.host} did not acknowledge the message within ${TELEMETRY_TIMEOUT_MS / 1000} s.`,
        remedy: 'Check the quota of messages of the hub, and try again.',
      });
    await withDeadline({ timeoutMs: TELEMETRY_TIMEOUT_MS, signal, onTimeout }, async (attempt) => {
      try {
        await abortable(send(link), link.over);
      } catch (error) {
        attempt.throwIfAborted();
        throw explained(error, target, examination);
      }
    });
    return { status: 'ok', summary: 'the hub has acknowledged a message' };
  },
};

function send({ transport }: HubLink): Promise<void> {
  const message = new Message(JSON.stringify({ doctor: true }));
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('azure-iot-x509', 'doctor');
  return new Promise((resolve, reject) => {
    transport.sendEvent(message, (error) => (error ? reject(error) : resolve()));
  });
}
