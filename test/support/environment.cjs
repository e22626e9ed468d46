const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest gives every test file its own copy of all modules, hundreds with the Azure SDK, and compiles each of them again.
 * The second time, V8 gets what it learned the first time in the same process: a tenth of the processor time of all tests.
 */
const known = new Map();
const { compileFunction } = vm;
vm.compileFunction = (code, parameters, options) => {
  const { filename } = options;
  const entry = known.get(filename);
  if (entry?.code === code)
    return compileFunction(code, parameters, { ...options, cachedData: entry.cachedData });
  const compiled = compileFunction(code, parameters, { ...options, produceCachedData: true });
  known.set(filename, { code, cachedData: compiled.cachedData });
  return compiled;
};

/** What is made once in a worker process, by name: see once.ts. */
const made = new Map();

/** The environment of a test file, with what all files of the process share. */
module.exports = class Environment extends TestEnvironment {
  constructor(...args) {
    super(...args);
    const { global } = this;
    global.requireOnce = (file) => require(file);
    global.oncePerProcess = (name, make) => {
      if (!made.has(name)) made.set(name, make());
      return made.get(name);
    };
    // Packages that are loaded once (see load-once.cjs) test dates with `instanceof`. Fake timers extend the class of dates
    // that they find when they are made.
    global.Date = Date;
    const [{ projectConfig: config }] = args;
    this.fakeTimersModern = new this.fakeTimersModern.constructor({ config, global });
  }
};
