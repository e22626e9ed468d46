const { availableParallelism } = require('node:os');

/** Whole programs, and minutes under load: what `npm run test:all` adds (jest.long.config.cjs). */
const LONG = [
  '/test/examples/',
  '/test/guides/',
  '/test/scripts/',
  '/test/integration/fleet',
  '/test/cli/demo',
  '/test/cli/program',
];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  roots: ['<rootDir>/test', '<rootDir>/packages'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: LONG,
  transform: {
    '^.+\\.ts$': '<rootDir>/test/support/transform.cjs',
    '/node_modules/(@peculiar/x509|traverse)/': '<rootDir>/test/support/load-once.cjs',
  },
  transformIgnorePatterns: ['/node_modules/(?!@peculiar/x509/|traverse/)'],
  globalSetup: '<rootDir>/test/support/build.cjs',
  // Fails a file whose tests let a private key or a passphrase get into an output or an error.
  setupFilesAfterEnv: ['<rootDir>/test/secrets-setup.ts'],
  moduleNameMapper: {
    '^azure-iot-x509$': '<rootDir>/src/index.ts',
    '^azure-iot-x509/certificates$': '<rootDir>/src/certificates/index.ts',
    '^azure-iot-(certificates|emulator)$': '<rootDir>/packages/$1/src/index.ts',
    '^azure-iot-certificates/internal$': '<rootDir>/packages/certificates/src/internal.ts',
  },
  // Half of the time, tests wait: for processes, and for what is to happen after a while.
  maxWorkers: 2 * availableParallelism(),
  // A test that hangs is a defect of the library: the limit is generous for slow machines only.
  testTimeout: 30_000,
};
