'use strict';
const { chmodSync } = require('node:fs');
for (const path of process.argv.slice(2)) chmodSync(path, 0o755);
