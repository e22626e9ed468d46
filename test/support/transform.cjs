const { transformSync } = require('esbuild');

/**
 * TypeScript for Jest: esbuild strips the types (`npm run typecheck` looks at them). Imports come first, as the language
 * says: there is no hoisting of `jest.mock`; spy on an object, or call `jest.doMock` in front of a `require`.
 *
 * @type {import('@jest/transform').SyncTransformer}
 */
module.exports = {
  process: (source, sourcefile) =>
    transformSync(source, {
      sourcefile,
      loader: 'ts',
      format: 'cjs',
      target: `node${process.versions.node}`,
      sourcemap: 'external',
      sourcesContent: false,
    }),
};
