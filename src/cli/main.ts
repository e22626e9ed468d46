#!/usr/bin/env node
import { processIo } from './process-io';
import { run } from './run';

const io = processIo();
void run(process.argv.slice(2), io).then((code) => {
  // A failure to write the output has set another one.
  process.exitCode ??= code;
  // Everything is cleaned up. Work that cannot be stopped, such as making a large key, is not waited for.
  if (io.signal.aborted) process.exit();
});
