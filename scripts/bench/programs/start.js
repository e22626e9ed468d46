'use strict';
/* Connects as fast as it can, and tells when it was done. Its arguments: the participant, and the settings as JSON. */

const { now, runOnce } = require('./serve');

const [, , participant, settings] = process.argv;

runOnce(async () => {
  const { connect } = require(`./participants/${participant}`);
  const device = await connect(JSON.parse(settings));
  const connectedAt = now();
  const { user, system } = process.cpuUsage();
  await device.close();
  return { connectedAt, cpuMilliseconds: (user + system) / 1000 };
});
