import { instant } from 'azure-iot-certificates/internal';
import { bundledRoots } from '../signer';
import type { Step } from '../step';

/** The remedy for a wrong clock. */
export const SET_THE_CLOCK =
  'Set the clock and let it be synchronized, e.g. with systemd-timesyncd or chrony (timedatectl set-ntp true). A wrong clock makes good certificates expired or not yet valid.';

/**
 * The check of the clock. Without a network, a clock is wrong if it is earlier than the newest root that this Node.js
 * was built with. Devices without a battery start in 1970 or at the date of their image.
 */
export const clock: Step = {
  name: 'clock',
  title: 'clock',
  needs: [],
  run: ({ network }) => {
    const now = network.now();
    const earliest = new Date(Math.max(...bundledRoots().map(({ validFrom }) => Date.parse(validFrom))));
    const data = { now, earliest };
    if (now >= earliest)
      return Promise.resolve({ status: 'ok', summary: `${instant(now)} is possible`, data });
    return Promise.resolve({
      status: 'failed',
      summary: `the clock says ${instant(now)}, which is before ${instant(earliest)}, when a certificate in this Node.js was made`,
      remedy: SET_THE_CLOCK,
      data,
    });
  },
};
