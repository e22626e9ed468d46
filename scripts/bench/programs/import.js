'use strict';
/* Loads the packages that are its arguments, and tells what that took. */

const rssBefore = process.memoryUsage.rss();
const start = process.hrtime.bigint();
for (const name of process.argv.slice(2)) require(name);
const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;

const { rss } = process.memoryUsage();
process.send({ id: 0, answer: { milliseconds, bytes: rss - rssBefore } });
process.on('disconnect', () => process.exit());
