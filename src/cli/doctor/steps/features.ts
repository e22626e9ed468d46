import { DeviceError } from 'azure-iot-certificates';
import { methodResponse, type DeviceConnection } from '../../../index';
import { TimeoutError } from '../../../errors/errors';
import { withDeadline } from '../../../network/deadline';
import { inFlagTerms } from '../../flag-terms';
import type { Outcome, Step } from '../step';

/** The time that the hub has for the subscriptions and the twin, in milliseconds. */
const ANSWER_MS = 20_000;

/** The step that tries direct methods and the device twin, which hubs of the Basic tier do not have. */
export const features: Step = {
  name: 'features',
  title: 'features',
  needs: ['hub-connection', 'telemetry'],
  run: async ({ connection }, signal) => {
    if (!connection) throw new Error('The steps are run in their order.');
    const { assignedHub } = connection.registration;
    const onTimeout = () =>
      new TimeoutError({
        service: 'hub',
        message: `${assignedHub} accepts telemetry, but did not answer the reading of the device twin within ${ANSWER_MS / 1000} s.`,
        remedy: 'Try again. If it goes on, the tier of the hub may have no device twins.',
      });
    try {
      await withDeadline({ timeoutMs: ANSWER_MS, signal, onTimeout }, () => tryFeatures(connection));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DeviceError)) throw error;
      return refused(refusalOf(connection) ?? error);
    }
    const refusal = refusalOf(connection);
    if (refusal) return refused(refusal);
    return {
      status: 'ok',
      summary:
        'direct methods and the device twin work; cloud-to-device messages are not tried, so that none is taken',
    };
  },
};

/** Settles when the hub has granted or refused direct methods and the twin: it handles packets in their order. */
async function tryFeatures(connection: DeviceConnection): Promise<void> {
  connection.onMethod(() => methodResponse(503, { message: 'The device is being examined.' }));
  await connection.client.getTwin();
}

/** The warning that names all refused features. */
function refusalOf({ state }: DeviceConnection): DeviceError | undefined {
  const { warnings } = { warnings: [], ...state };
  return warnings.find(({ code }) => code === 'FEATURE_REFUSED');
}

function refused(error: DeviceError): Outcome {
  const { message, remedy } = inFlagTerms(error);
  return { status: 'warning', summary: message, remedy };
}
