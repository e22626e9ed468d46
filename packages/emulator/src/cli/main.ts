#!/usr/bin/env node
import { run } from './run';
import { processIo } from './terminal/process-io';

const io = processIo();
void run(process.argv.slice(2), io).then((code) => {
  // Unless what it wrote could not be written.
  process.exitCode ??= code;
  // Everything is cleaned up; nothing that is still going on is waited for.
  if (io.signal.aborted) process.exit();
});
