/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/packages'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json', diagnostics: false }] },
  // Fails a file whose tests let a private key or a passphrase get into an output or an error.
  setupFilesAfterEnv: ['<rootDir>/test/secrets-setup.ts'],
  moduleNameMapper: {
    '^azure-iot-x509$': '<rootDir>/src/index.ts',
    '^azure-iot-x509/certificates$': '<rootDir>/src/certificates/index.ts',
    '^azure-iot-(certificates|emulator)$': '<rootDir>/packages/$1/src/index.ts',
    '^azure-iot-certificates/internal$': '<rootDir>/packages/certificates/src/internal.ts',
  },
  // Many tests wait for other processes. Left to itself, Jest would use one core of two.
  maxWorkers: '100%',
  // A test that hangs is a defect of the library: the limit is generous for slow machines only.
  testTimeout: 30_000,
};
