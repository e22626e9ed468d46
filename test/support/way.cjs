'use strict';
/*
 * Connects a device with the built library, and prints as JSON which of our files had a function run between the call of
 * connectDevice and the first TLS connection. Standard input holds the options. Its argument is the root of the repository.
 */

const { readFileSync } = require('node:fs');
const { Session } = require('node:inspector');
const { relative } = require('node:path');
const tls = require('node:tls');
const { fileURLToPath } = require('node:url');

const [, , root] = process.argv;
const session = new Session();
session.connect();

/** The methods of the profiler answer before `post` returns. */
function post(method, parameters) {
  let result;
  session.post(method, parameters, (error, answer) => {
    if (error) throw error;
    result = answer;
  });
  return result;
}

/** Our files of which functions have run since the last call. Entry points only export: their getters do not count. */
function executedFiles() {
  return post('Profiler.takePreciseCoverage')
    .result.filter(({ url, functions }) => {
      const path = url.startsWith('file:') ? fileURLToPath(url) : url;
      const isOurs =
        path.startsWith(root) &&
        /\/dist\/(?!(?:index|internal)\.js$)/.test(path) &&
        !path.includes('/node_modules/');
      return (
        isOurs &&
        functions.some(({ functionName, ranges: [range] }) => {
          return functionName !== '' && range.count > 0;
        })
      );
    })
    .map(({ url }) => relative(root, url.startsWith('file:') ? fileURLToPath(url) : url));
}

async function main() {
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const { connectDevice } = require(root);
  // Without options, the call loads the library and ends.
  await connectDevice({}).catch(() => undefined);
  const options = JSON.parse(readFileSync(0, 'utf8'));
  let files;
  const { connect } = tls;
  tls.connect = (...parameters) => {
    files ??= executedFiles();
    return connect(...parameters);
  };
  // What runs while the library is loaded is not on the way.
  executedFiles();
  const connection = await connectDevice(options);
  await connection.close();
  process.stdout.write(JSON.stringify(files));
}

void main();
