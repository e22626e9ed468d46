import { PROGRAM } from '../program';
import type { CompletionFlag, CompletionNode, CompletionWord, ValueCompletion } from './model';
import { quoted } from './quoted';

const FUNCTION = '_azure_iot_x509';

/** The script for zsh, to be sourced after compinit or put into a directory of \`fpath\`. */
export function zshScript(nodes: readonly CompletionNode[]): string {
  const paths = nodes.map(({ path }) => path).filter((path) => path !== '');
  const values = nodes.flatMap((node) => node.flags.flatMap((flag) => valueCase(node, flag)));
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} for zsh, made by: ${PROGRAM} completion zsh
${FUNCTION}() {
  local cmd="" candidate word
  local -a entries
  for word in "\${(@)words[2,CURRENT-1]}"; do
    candidate="\${cmd:+$cmd }$word"
    case "$candidate" in
      ${paths.map((path) => `(${quoted(path)})`).join(` cmd="$candidate" ;;\n      `)} cmd="$candidate" ;;
    esac
  done
  case "$cmd \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "$cmd" in
${nodes.map(nodeCase).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == ${quoted(FUNCTION)} ]]; then
  ${FUNCTION} "$@"
else
  compdef ${FUNCTION} ${PROGRAM}
fi
`;
}

function valueCase({ path }: CompletionNode, { word, value }: CompletionFlag): string[] {
  return value === undefined ? [] : [`    (${quoted(`${path} ${word}`)}) ${generate(value)}return ;;`];
}

function nodeCase({ path, words, flags, operand }: CompletionNode): string {
  return [
    `    (${quoted(path)})`,
    ...(words.length === 0 ? [] : [`      ${describe('command', words)}`]),
    ...(operand.kind === 'text' ? [] : [`      ${generate(operand).trim()}`]),
    ...(flags.length === 0 ? [] : [`      ${describe('flag', flags)}`]),
    '      ;;',
  ].join('\n');
}

function describe(what: string, words: readonly CompletionWord[]): string {
  // A colon ends the word that is described.
  const entries = words.map(({ word, description }) =>
    quoted(`${word.replaceAll(':', '\\:')}:${description}`),
  );
  return `entries=(${entries.join(' ')}); _describe${what === 'flag' ? ' -o' : ''} ${what} entries`;
}

function generate(value: ValueCompletion): string {
  switch (value.kind) {
    case 'words':
      return `compadd -- ${value.words.map(quoted).join(' ')}; `;
    case 'file':
      return '_files; ';
    case 'directory':
      return '_files -/; ';
    case 'text':
      return '';
  }
}
