import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Built-in classes that each realm has its own of. */
const BUILT_IN = [
  ...['Object', 'Array', 'Function', 'Promise', 'Date', 'RegExp', 'Map', 'Set', 'WeakMap', 'WeakSet'],
  ...['Error', 'AggregateError', 'TypeError', 'RangeError', 'SyntaxError', 'URIError', 'DOMException'],
  ...['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Buffer', '\\w+Array', 'Blob', 'ReadableStream'],
  ...[
    'AbortSignal',
    'AbortController',
    'Event',
    'EventTarget',
    'URL',
    'URLSearchParams',
    'Message',
    'Client',
  ],
];

export default tseslint.config(
  { ignores: ['**/dist', 'coverage', 'node_modules', 'reference'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'packages/*/src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          // Values of callers come from other realms: those of Jest with jsdom, of vm contexts, of Electron.
          selector: `BinaryExpression[operator="instanceof"][right.name=/^(?:${BUILT_IN.join('|')})$/]`,
          message:
            'A value of another realm is no instance: use node:util types, Buffer.isBuffer or its members.',
        },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: {
        require: 'readonly',
        module: 'writable',
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  { files: ['examples/**/*.ts', 'scripts/**'], rules: { 'no-console': 'off' } },
);
