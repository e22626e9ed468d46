#!/usr/bin/env node
import { processIo } from './process-io';
import { run } from './run';

const io = processIo();
void run(process.argv.slice(2), io).then((code) => {
  // A failure to write the output has already set an exit code.
  process.exitCode ??= code;
  // Everything is cleaned up. The exit does not wait for work that cannot be stopped, such as making a large key.
  if (io.signal.aborted) process.exit();
});
