import { instant } from 'azure-iot-certificates/internal';
import type { Step } from '../step';
import { bundledRoots } from '../tls/roots';

/**
 * The clock, as far as it can be judged without a network: it cannot be earlier than the newest root that this Node.js
 * was built with. Devices without a battery start in 1970 or at the date of their image.
 */
export const clock: Step = {
  name: 'clock',
  title: 'clock',
  doing: 'looking at the clock',
  needs: [],
  run: ({ network }) => {
    const now = network.now();
    const earliest = newestRoot();
    if (now < earliest) {
      return Promise.resolve({
        status: 'failed',
        summary: `the clock says ${instant(now)}, which is before ${instant(earliest)}, when a certificate in this Node.js was made`,
        remedy: SET_THE_CLOCK,
        data: { now, earliest },
      });
    }
    return Promise.resolve({
      status: 'ok',
      summary: `${instant(now)} is possible; whether it is right, only a server can tell`,
      data: { now, earliest },
    });
  },
};

/** What to do about a wrong clock. */
export const SET_THE_CLOCK =
  'Set the clock and let it be synchronized, e.g. with systemd-timesyncd or chrony (timedatectl set-ntp true). A wrong clock makes good certificates expired or not yet valid.';

function newestRoot(): Date {
  return new Date(Math.max(...bundledRoots().map(({ validFrom }) => Date.parse(validFrom))));
}
