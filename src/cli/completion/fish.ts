import { PROGRAM } from '../program';
import type { CompletionFlag, CompletionNode } from './model';

const FUNCTION = '__azure_iot_x509_is_at';

/** The script for fish 3 and newer. */
export function fishScript(nodes: readonly CompletionNode[]): string {
  const paths = nodes.map(({ path }) => path).filter((path) => path !== '');
  return `# Completion of ${PROGRAM} for fish, made by: ${PROGRAM} completion fish
function ${FUNCTION}
    set -l cmd ''
    set -l typed (commandline -opc)
    for word in $typed[2..-1]
        set -l candidate (string trim -- "$cmd $word")
        if contains -- $candidate ${paths.map(quoted).join(' ')}
            set cmd $candidate
        end
    end
    test "$cmd" = "$argv[1]"
end
complete -c ${PROGRAM} -f
${nodes.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, words, flags, operand }: CompletionNode): string[] {
  const begin = `complete -c ${PROGRAM} -n ${quoted(`${FUNCTION} ${quoted(path)}`)}`;
  const operandWords = operand.kind === 'words' ? operand.words : [];
  return [
    ...words.map(({ word, description }) => `${begin} -a ${quoted(word)} -d ${quoted(description)}`),
    ...(operandWords.length === 0 ? [] : [`${begin} -a ${quoted(operandWords.join(' '))}`]),
    ...(operand.kind === 'file' ? [`${begin} -F`] : []),
    ...flags.map(
      (flag) => `${begin} -l ${flag.word.slice(2)}${valueOf(flag)} -d ${quoted(flag.description)}`,
    ),
  ];
}

function valueOf({ value }: CompletionFlag): string {
  switch (value?.kind) {
    case undefined:
      return '';
    case 'file':
      return ' -r -F';
    case 'directory':
      return ` -x -a '(__fish_complete_directories)'`;
    case 'words':
      return ` -x -a ${quoted(value.words.join(' '))}`;
    case 'text':
      return ' -x';
  }
}

/** Within single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
