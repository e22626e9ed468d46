'use strict';
/* The emulator in a process of its own. Its argument: the emulator's options as JSON. */

const { on } = require('node:events');
const { AbortSignal } = globalThis;
const { now, serve } = require('./serve');
const { startEmulator } = require('azure-iot-emulator');

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
  /** When each of so many devices has connected again, by their IDs. */
  async untilBack({ devices, forMilliseconds }) {
    const { hubs } = await starting;
    const times = new Map();
    const isOver = AbortSignal.timeout(forMilliseconds);
    try {
      for await (const [{ deviceId }] of on(hubs[0], 'deviceSubscribed', { signal: isOver })) {
        times.set(deviceId, now());
        if (times.size === devices) break;
      }
    } catch (error) {
      if (!isOver.aborted) throw error;
    }
    return Object.fromEntries(times);
  },
  peak() {
    return { bytes: process.resourceUsage().maxRSS * 1024 };
  },
});
