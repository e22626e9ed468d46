import { Argument, Option, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { each, jsonObject, text } from './parsers';

/** The option for the hubs of an enrollment. */
export const enrolledHubs = () =>
  new Option('--hub <NAME>', 'Hub that devices may be assigned to; repeatable. Default: all.').argParser(
    each(text),
  );

/** The option for the initial twin of the devices of an enrollment. */
export const initialTwin = (cwd: string) =>
  new Option(
    '--initial-twin <JSON>',
    'Tags and desired properties of a new device: {"tags":{…},"properties":{"desired":{…}}}.',
  ).argParser(jsonObject(cwd));

/** The option for the hub of a device, for when several hubs have a device of that ID. */
export const hubOfDevice = () =>
  new Option('--hub <NAME>', 'The hub, when several have a device of that ID.').argParser(text);

/** The option that verifies a certificate authority without proof of possession. */
export const verified = () =>
  new Option('--verified', 'Counts as verified at once, without proof of possession.');

/** The option that prints the verification code and nothing else. */
export const printCode = () =>
  new Option('--print-code', 'Prints the verification code alone, for a script: CODE=$(…).').conflicts(
    'verified',
  );

/** The argument for the change that a command makes. */
export const action = <const Names extends readonly string[]>(names: Names) =>
  new Argument('<ACTION>', 'The change.').choices(names);

/** A check that a flag for the content of stdout is not given together with `--json`. */
export function withoutJson(flag: string, name: string) {
  return (command: CommandUnknownOpts): void => {
    const values: Readonly<Record<string, unknown>> = command.optsWithGlobals();
    if (values['json'] === true && values[name] !== undefined)
      command.error(`error: Give either ${flag} or --json.`);
  };
}
