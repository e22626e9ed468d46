const { readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '../..');
const PACKAGES = ['.', 'packages/certificates', 'packages/emulator'];

/** The time of the last change of a file; 0 when there is none. */
const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * The build that programs of tests run: before the tests, `dist` gets what is missing in it or older than its source.
 * After `npm run build`, that is nothing.
 */
module.exports = async function build() {
  for (const folder of PACKAGES) {
    const source = join(ROOT, folder, 'src');
    const outdir = join(ROOT, folder, 'dist');
    const stale = readdirSync(source, { recursive: true })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .filter((file) => changed(join(outdir, file.replace(/ts$/, 'js'))) < changed(join(source, file)));
    if (stale.length === 0) continue;
    await require('esbuild').build({
      entryPoints: stale.map((file) => join(source, file)),
      outbase: source,
      outdir,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      logLevel: 'warning',
    });
  }
};

if (require.main === module) void module.exports();
