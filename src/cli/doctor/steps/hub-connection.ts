import { withDeadline } from '../../../network/deadline';
import { TimeoutError } from '../../../errors/errors';
import { HubLink } from '../../../hub/link';
import { createSdkHubTransport } from '../../../hub/sdk-transport';
import { DEFAULT_KEEP_ALIVE_SECONDS, DEFAULT_TIMEOUT_MS } from '../../../options/validate';
import { explained } from '../probe';
import type { Step } from '../step';
import { targetOf } from '../target';

/** Whether the hub accepts the device. */
export const hubConnection: Step = {
  name: 'hub-connection',
  title: 'hub connection',
  doing: 'connecting to the hub',
  needs: ['registration', 'hub-tls'],
  run: async (examination, signal) => {
    const { options, device, registration: assigned, roots, transport } = examination;
    if (!device || !assigned) throw new Error('The steps are run in their order.');
    const target = targetOf('hub', examination);
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const onTimeout = () =>
      new TimeoutError({
        service: 'hub',
        message: `${target.host} was not connected after ${timeoutMs / 1000} s.`,
        remedy: 'Try again, or give it more time with timeoutMs.',
      });
    const { modelId } = device;
    const hub = {
      host: target.host,
      deviceId: assigned.deviceId,
      enrollment: device.enrollment,
      x509: device.material.toX509(),
      ca: roots,
      proxyFor: () => target.proxy,
    };
    const linkOptions = {
      transport,
      keepAliveSeconds: DEFAULT_KEEP_ALIVE_SECONDS,
      sdkOptions: modelId === undefined ? {} : { modelId },
      createTransport: createSdkHubTransport,
    };
    examination.link = await withDeadline({ timeoutMs, signal, onTimeout }, async (attempt) => {
      try {
        return await HubLink.open(hub, linkOptions, attempt);
      } catch (error) {
        attempt.throwIfAborted();
        throw explained(error, target, examination);
      }
    });
    return { status: 'ok', summary: `${target.host} accepts ${assigned.deviceId}` };
  },
};
