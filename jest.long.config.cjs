const config = require('./jest.config.cjs');

/**
 * The tests that `npm test` leaves out. `npm run test:all` runs both.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...config,
  testPathIgnorePatterns: [],
  testMatch: config.testPathIgnorePatterns.map(
    (path) => `**${path}*${path.endsWith('/') ? '*/*' : ''}.test.ts`,
  ),
};
