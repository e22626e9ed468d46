// Compares the public API, as the build declares it, with the reports in docs/api, so that no change of it goes unseen.
// With --update, writes the reports anew. Needs a build.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import apiExtractor from '@microsoft/api-extractor';

const { Extractor, ExtractorConfig } = apiExtractor;
const root = fileURLToPath(new URL('..', import.meta.url));
const isUpdate = process.argv.includes('--update');

/** The packages and their folders. */
const PACKAGES = {
  'azure-iot-x509': '.',
  'azure-iot-certificates': 'packages/certificates',
  'azure-iot-emulator': 'packages/emulator',
};

const SILENT = { logLevel: 'none' };

function configOf(name, folder) {
  const project = join(root, folder);
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(project, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: project,
      mainEntryPointFilePath: join(project, 'dist', 'index.d.ts'),
      compiler: { tsconfigFilePath: join(project, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(root, 'docs', 'api'),
        reportTempFolder: join(root, 'node_modules', '.cache', 'api-report'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        // Everything that is exported is public. What a name says well enough is not said again.
        extractorMessageReporting: {
          default: { logLevel: 'error' },
          'ae-missing-release-tag': SILENT,
          'ae-undocumented': SILENT,
          'ae-unresolved-link': SILENT,
        },
        // The text of the comments is checked with the API reference, by typedoc, which knows more of it.
        tsdocMessageReporting: { default: SILENT },
      },
    },
  });
}

for (const [name, folder] of Object.entries(PACKAGES)) {
  const result = Extractor.invoke(configOf(name, folder), {
    localBuild: isUpdate,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === 'error') {
        console.error(`${message.sourceFilePath ?? name}: ${message.messageId}: ${message.text}`);
      }
    },
  });
  if (result.errorCount > 0) process.exitCode = 1;
  if (result.apiReportChanged && !isUpdate) {
    console.error(`The public API differs from docs/api/${name}.api.md. If it should: npm run docs:api`);
    process.exitCode = 1;
  }
}
