import { areCliDocsCurrent } from '../../scripts/generate-cli-docs';

test('docs/cli.md is what the tables of the command line say; else run: npm run docs:cli', () => {
  expect(areCliDocsCurrent()).toBe(true);
});
