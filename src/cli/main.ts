#!/usr/bin/env node
import { processIo } from './process-io';
import { run } from './run';

const io = processIo();
void run(process.argv.slice(2), io).then((code) => {
  // Unless what it wrote could not be written.
  process.exitCode ??= code;
  // Everything is cleaned up; what cannot be stopped, such as making a large key, is not waited for.
  if (io.signal.aborted) process.exit();
});
