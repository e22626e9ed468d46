import { nearestName } from 'azure-iot-certificates/internal';
import { COMMANDS, GROUPS } from './commands';
import { PROGRAM } from './program';

/** No command has a name of more words. */
const MAX_WORDS = 3;

/** What to say of words that call nothing. */
interface Unknown {
  readonly problem: string;
  /** The line that shows what there is. */
  readonly help: string;
}

/** What is wrong with the words, what was probably meant, and where to look: in the group that they begin with. */
export function unknownCommand(words: readonly string[]): Unknown {
  const group = GROUPS.map(({ name }) => name)
    .filter((name) => name.split(' ').every((word, index) => words[index] === word))
    .sort((one, other) => other.length - one.length)[0];
  const start = group?.split(' ').length ?? 0;
  const name = words.slice(0, group === undefined ? 2 : start + 1).join(' ');
  const meant = group === undefined ? nearestAnywhere(words) : nearestMember(group, words.slice(start));
  const question = meant === undefined ? '' : ` Did you mean: ${PROGRAM} ${meant}?`;
  return {
    problem: `${JSON.stringify(name)} is not a command.${question}`,
    help: group === undefined ? `${PROGRAM} --help` : `${PROGRAM} ${group} --help`,
  };
}

function nearestAnywhere(words: readonly string[]): string | undefined {
  const names = [...COMMANDS, ...GROUPS].map(({ name }) => name).concat('help');
  return nearestOf(words, names);
}

function nearestMember(group: string, words: readonly string[]): string | undefined {
  const members = [...COMMANDS, ...GROUPS]
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${group} `))
    .map((name) => name.slice(group.length + 1));
  const member = nearestOf(words, members);
  return member === undefined ? undefined : `${group} ${member}`;
}

/** The words may be a name and what follows it: more of them count before fewer. */
function nearestOf(words: readonly string[], names: readonly string[]): string | undefined {
  for (let count = Math.min(MAX_WORDS, words.length); count > 0; count -= 1) {
    const meant = nearestName(words.slice(0, count).join(' '), names);
    if (meant !== undefined) return meant;
  }
  return undefined;
}
