'use strict';
/* A program's side of harness/program.ts. */

/** The clock that all processes of a machine share, in milliseconds. */
function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Answers what the bench asks, by the name of the command, until the bench goes away. */
function serve(commands) {
  process.on('message', ({ id, command, payload }) => {
    void answer(id, () => commands[command](payload));
  });
  process.on('disconnect', () => process.exit());
}

/** Runs once, and tells its outcome as the answer to nobody's question. */
function runOnce(run) {
  process.on('disconnect', () => process.exit());
  void answer(0, run);
}

async function answer(id, run) {
  try {
    process.send({ id, answer: await run() });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
}

module.exports = { now, runOnce, serve };
