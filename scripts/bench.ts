import { main } from './bench/command-line';

/* How long, how much: the library beside the official SDK and bare MQTT.js, and the emulator beside a broker. */

export { GROUPS } from './bench/groups';
export { runBench } from './bench/run';

if (require.main === module) void main();
