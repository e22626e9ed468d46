#!/usr/bin/env node
import { run } from './run';
import { processIo } from './terminal/process-io';

const io = processIo();
void run(process.argv.slice(2), io).then((code) => {
  // A failure to write the output has already set an exit code.
  process.exitCode ??= code;
  // Everything is cleaned up. The exit does not wait for remaining work.
  if (io.signal.aborted) process.exit();
});
