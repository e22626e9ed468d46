/**
 * The structure of the three packages. Imports of types count like any other import, except for circles of single files.
 */

/** The rooms of the device library, by what each of them may import besides itself. The arrows go down only. */
const LOWEST = ['errors', 'options'];
const ROOMS = {
  options: ['errors'],
  errors: ['options'],
  network: LOWEST,
  provisioning: ['network', ...LOWEST],
  hub: ['network', ...LOWEST],
  connection: ['hub', 'provisioning', 'network', ...LOWEST],
};

/** The rooms of the certificates package. They may also import the files beside them. */
const CERTIFICATES = 'packages/certificates/src';
const CERTIFICATE_ROOMS = {
  reading: [],
  checking: ['reading'],
  making: ['checking', 'reading'],
};

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** What a room of `src` imports beyond its list. Packages are the subject of other rules. */
const roomRules = Object.entries(ROOMS).map(([room, below]) =>
  forbid(
    `${room}-imports-only-what-is-below`,
    `src/${room} may import ${below.join(', ')} and packages.`,
    { path: `^src/${room}/` },
    { path: '^src/', pathNot: `^src/(${[room, ...below].join('|')})/` },
  ),
);

const certificateRules = Object.entries(CERTIFICATE_ROOMS).map(([room, below]) =>
  forbid(
    `certificates-${room}-imports-only-what-is-below`,
    `${CERTIFICATES}/${room} may import ${[...below, 'the files beside the rooms'].join(', ')} and packages.`,
    { path: `^${CERTIFICATES}/${room}/` },
    { path: `^${CERTIFICATES}/[^/]+/`, pathNot: `^${CERTIFICATES}/(${[room, ...below].join('|')})/` },
  ),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid(
      'no-circle-of-files',
      'Files whose values import each other cannot be read, or loaded, one after another.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    {
      ...forbid(
        'no-circle-of-folders',
        'Folders are layers, imports of types included.',
        {},
        { circular: true },
      ),
      scope: 'folder',
    },
    forbid('resolvable', 'Everything that is imported exists.', {}, { couldNotResolve: true }),

    ...roomRules,
    forbid(
      'calls-import-no-command-line',
      'connect.ts, provision.ts, index.ts and the subpath azure-iot-x509/certificates know no command line.',
      { path: '^src/([^/]+\\.ts$|certificates/)' },
      { path: '^src/cli/' },
    ),
    forbid(
      'certificates-subpath-only-exports',
      'azure-iot-x509/certificates hands on what azure-iot-certificates exports.',
      { path: '^src/certificates/' },
      { pathNot: `^${CERTIFICATES}/index\\.ts$` },
    ),
    forbid(
      'command-line-uses-the-facade',
      'A command does what a caller of the library can do: what is missing for it is missing from the facade.',
      { path: '^src/cli/' },
      { path: '^src/(connection|hub|provisioning)/' },
    ),

    forbid(
      'siblings-by-their-entry-points',
      'A package is entered by its index, or by ./internal, which is made for its siblings.',
      { path: '^(src/|packages/emulator/src/)' },
      { path: `^${CERTIFICATES}/`, pathNot: `^${CERTIFICATES}/(index|internal)\\.ts$` },
    ),
    forbid(
      'no-emulator-in-the-library',
      'Nobody who connects a device installs an emulator.',
      { path: ['^src/', `^${CERTIFICATES}/`] },
      { path: '^packages/emulator/' },
    ),
    forbid(
      'packages-stand-alone',
      'The packages below packages/ do not know the device library.',
      { path: '^packages/[^/]+/src/' },
      { path: '^src/' },
    ),
    forbid(
      'examples-use-public-names',
      'An example imports what its reader can import.',
      { path: '^examples/' },
      { path: ['^src/', '^packages/'], pathNot: '^(src/certificates|src|packages/[^/]+/src)/index\\.ts$' },
    ),

    ...certificateRules,
    forbid(
      'emulator-without-sdk',
      'Who tests a device in another language does not install the Azure SDK for Node.js.',
      { path: '^packages/emulator/src/' },
      { path: 'node_modules/(azure-|mqtt/)' },
    ),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'types', 'default'],
    },
  },
};
