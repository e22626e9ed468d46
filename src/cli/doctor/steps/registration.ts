import { provisionDevice } from '../../../provision';
import type { Step } from '../step';
import { SET_THE_CLOCK } from './clock';

/** A time of DPS that is later than the clock by more than this means that the clock is behind. */
const TOLERANCE_MS = 5 * 60_000;

/** The step that registers the device, which DPS must assign to a hub. */
export const registration: Step = {
  name: 'registration',
  title: 'registration',
  needs: ['credentials', 'dps-tls'],
  run: async (examination, signal) => {
    const { options, network } = examination;
    const assigned = await provisionDevice({ ...options, signal });
    examination.registration = assigned;
    const { deviceId, assignedHub, substatus } = assigned;
    const summary = `assigned to ${assignedHub} as ${deviceId}${substatus === undefined ? '' : ` (${substatus})`}`;
    // An earlier time shows no fault: the device may have been registered long ago.
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
