'use strict';
/* The emulator in a process of its own. Its argument: the emulator's options as JSON. */

const { now, serve } = require('./serve');
const { startEmulator } = require('azure-iot-x509/emulator');

const starting = startEmulator(JSON.parse(process.argv[2]));

serve({
  async start() {
    const { globalEndpoint, idScope, ca, hubs } = await starting;
    return { globalEndpoint, idScope, ca, hub: hubs[0].hostName };
  },
  async enroll(devices) {
    const { dps } = await starting;
    for (const device of devices) dps.individualEnrollments.create(device);
  },
  /** Has DPS assign devices to something in front of the hub. */
  async listensOn({ endpoint }) {
    const { hubs } = await starting;
    hubs[0].listensOn(endpoint);
  },
  /** When each of so many devices will have connected again, by their IDs. */
  async untilBack({ devices }) {
    const { hubs } = await starting;
    const times = new Map();
    return await new Promise((resolve) => {
      const onSubscribed = ({ deviceId }) => {
        if (!times.has(deviceId)) times.set(deviceId, now());
        if (times.size < devices) return;
        hubs[0].off('deviceSubscribed', onSubscribed);
        resolve(Object.fromEntries(times));
      };
      hubs[0].on('deviceSubscribed', onSubscribed);
    });
  },
  peak() {
    return { bytes: process.resourceUsage().maxRSS * 1024 };
  },
});
