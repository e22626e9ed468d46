import { defineCommand } from '../command';
import { flagTable } from '../flags/spec';
import type * as Implementation from './run';

/** The shells that there is completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The flags of `completion`. */
export const flags = flagTable({});

/** The command `completion`. */
export const completion = defineCommand({
  name: 'completion',
  summary: 'Prints a script that completes commands, flags and their values in a shell',
  description: ['The script knows every command and flag by itself: the program is not run while you type.'],
  operands: [
    {
      name: 'SHELL',
      type: 'enum',
      values: SHELLS,
      required: true,
      description: `The shell: ${SHELLS.join(', ')}.`,
    },
  ],
  flags,
  examples: [
    { does: 'bash: in ~/.bashrc', line: 'source <(azure-iot-x509 completion bash)' },
    { does: 'zsh: in ~/.zshrc, after compinit', line: 'source <(azure-iot-x509 completion zsh)' },
    {
      does: 'fish: once',
      line: 'azure-iot-x509 completion fish > ~/.config/fish/completions/azure-iot-x509.fish',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
