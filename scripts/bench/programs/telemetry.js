'use strict';
/* One device that sends as fast as it is told to. Its arguments: the participant, and the settings as JSON. */

const { Buffer } = require('node:buffer');
const { performance } = require('node:perf_hooks');
const { serve } = require('./serve');

const [, , participant, settings] = process.argv;
const device = require(`./participants/${participant}`).connect(JSON.parse(settings));

const BODIES = {
  string: (bytes) => 'x'.repeat(bytes),
  Buffer: (bytes) => Buffer.alloc(bytes, 'x'),
};

/** Sends until the time is over; answers how many were sent, when all of them are acknowledged. */
async function sendAll({ send }, { body, bytes, inFlight, forMilliseconds }) {
  const payload = BODIES[body](bytes);
  const until = performance.now() + forMilliseconds;
  let sent = 0;
  const sendOneByOne = async () => {
    while (performance.now() < until) {
      sent += 1;
      await send(payload);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, sendOneByOne));
  return sent;
}

serve({
  async connect() {
    await device;
  },
  async send(order) {
    const connected = await device;
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const messages = await sendAll(connected, order);
    const milliseconds = performance.now() - start;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { messages, milliseconds, cpuMicroseconds: user + system };
  },
});
