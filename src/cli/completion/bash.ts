import { PROGRAM } from '../program';
import type { CompletionFlag, CompletionNode, ValueCompletion } from './model';
import { quoted } from './quoted';

const FUNCTION = '_azure_iot_x509';

/** The script for bash 3.2 and newer; it needs no other one. */
export function bashScript(nodes: readonly CompletionNode[]): string {
  const paths = nodes.map(({ path }) => path).filter((path) => path !== '');
  const values = nodes.flatMap((node) => node.flags.flatMap((flag) => valueCase(node, flag)));
  return `# Completion of ${PROGRAM} for bash, made by: ${PROGRAM} completion bash
${FUNCTION}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" cmd="" candidate index
  for ((index = 1; index < COMP_CWORD; index++)); do
    candidate="\${cmd:+$cmd }\${COMP_WORDS[index]}"
    case "$candidate" in
      ${paths.map(quoted).join('|')}) cmd="$candidate" ;;
    esac
  done
  COMPREPLY=()
  case "$cmd $prev" in
${values.join('\n')}
  esac
  case "$cmd" in
${nodes.map(nodeCase).join('\n')}
  esac
}
complete -F ${FUNCTION} ${PROGRAM}
`;
}

function valueCase({ path }: CompletionNode, { word, value }: CompletionFlag): string[] {
  return value === undefined ? [] : [`    ${quoted(`${path} ${word}`)}) ${generate(value)} return ;;`];
}

function nodeCase({ path, words, flags, operand }: CompletionNode): string {
  const all = [...words, ...flags].map(({ word }) => word);
  const operands = operand.kind === 'text' ? '' : ` [[ "$cur" == -* ]] || { ${generate(operand, '+=')} };`;
  return `    ${quoted(path)}) ${wordList(all)};${operands} ;;`;
}

function generate(value: ValueCompletion, assign = '='): string {
  switch (value.kind) {
    case 'words':
      return `${wordList(value.words, assign)};`;
    case 'text':
      return '';
    case 'file':
    case 'directory':
      // A line a name, because names have spaces; bash 3.2 has neither mapfile nor compopt.
      return `compopt -o filenames 2> /dev/null; while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen ${value.kind === 'file' ? '-f' : '-d'} -- "$cur");`;
  }
}

function wordList(words: readonly string[], assign = '='): string {
  return `COMPREPLY${assign}($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`;
}
