'use strict';
/* Many devices in one process. Its argument: the participant. */

const { performance } = require('node:perf_hooks');
const { setTimeout } = require('node:timers/promises');
const { serve } = require('./serve');

const { connect } = require(`./participants/${process.argv[2]}`);
const devices = [];

serve({
  /** Connects more devices, so many at a time. */
  async connect({ settings, atATime }) {
    const start = performance.now();
    const waiting = settings.values();
    const connectOneByOne = async () => {
      for (const each of waiting) devices.push(await connect(each));
    };
    await Promise.all(Array.from({ length: atATime }, connectOneByOne));
    return { milliseconds: performance.now() - start };
  },
  async memory() {
    // Objects that a promise or a closed socket refers to become garbage a turn later.
    for (let round = 0; round < 4; round += 1) {
      globalThis.gc();
      await setTimeout(50);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },
  peak() {
    return { bytes: process.resourceUsage().maxRSS * 1024 };
  },
});
