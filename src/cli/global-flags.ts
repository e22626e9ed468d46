import { flagTable } from './flags/spec';

/** What every command understands. */
export const GLOBAL_FLAGS = flagTable({
  debug: { type: 'boolean', description: 'Shows where an error comes from (its stack and its causes).' },
  help: { type: 'boolean', short: 'h', description: 'Prints this help.' },
});

/** Of the commands that have a result for programs. */
export const jsonFlag = flagTable({
  json: { type: 'boolean', description: 'Prints the result as one JSON document on stdout.' },
});
