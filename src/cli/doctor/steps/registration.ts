import { DpsClient } from '../../../provisioning/dps-client';
import { createSdkProvisioningTransport } from '../../../provisioning/sdk-registration';
import { DEFAULT_TIMEOUT_MS } from '../../../options/validate';
import type { Step } from '../step';
import { SET_THE_CLOCK } from './clock';

/** A time of the service that is later than the clock by more than this means that the clock is behind. */
const TOLERANCE_MS = 5 * 60_000;

/** Whether DPS knows the device and assigns it to a hub. */
export const registration: Step = {
  name: 'registration',
  title: 'registration',
  doing: 'registering with DPS',
  needs: ['credentials', 'dps-tls'],
  run: async (examination, signal) => {
    const { options, device, proxyFor, network } = examination;
    if (!device || !proxyFor) throw new Error('The steps are run in their order.');
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const dps = new DpsClient(createSdkProvisioningTransport, timeoutMs);
    const assigned = await dps.register({ ...device, proxyFor }, signal);
    examination.registration = assigned;
    const { deviceId, assignedHub, substatus } = assigned;
    const summary = `assigned to ${assignedHub} as ${deviceId}${substatus === undefined ? '' : ` (${substatus})`}`;
    // That it is earlier says nothing: the device may have been registered long ago.
    const behindMs = Date.parse(assigned.lastUpdatedDateTimeUtc ?? '') - network.now().getTime();
    if (!(behindMs > TOLERANCE_MS)) return { status: 'ok', summary, data: assigned };
    return {
      status: 'warning',
      summary: `${summary}; the clock is at least ${Math.round(behindMs / 60_000)} minutes behind that of DPS`,
      remedy: SET_THE_CLOCK,
      data: assigned,
    };
  },
};
