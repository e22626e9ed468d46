/**
 * All tests.
 *
 * @type {import('jest').Config}
 */
module.exports = { ...require('./jest.config.cjs'), testPathIgnorePatterns: [] };
