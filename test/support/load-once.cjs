/**
 * Packages that take long to load, and that no test changes, are loaded once in each worker process and not by each test
 * file: `@peculiar/x509`, and `traverse`, which the Azure SDK loads together with a hundred polyfills.
 *
 * @type {import('@jest/transform').SyncTransformer}
 */
module.exports = {
  process: (_source, file) => ({
    code: `${file.includes('@peculiar') ? "requireOnce('reflect-metadata');" : ''} module.exports = requireOnce(${JSON.stringify(file)});`,
  }),
};
