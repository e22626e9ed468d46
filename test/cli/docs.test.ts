import { areCliDocsCurrent } from '../../scripts/generate-cli-docs';

test('docs/cli.md has the help of every command as it is printed; else run: npm run docs:cli', async () => {
  expect(await areCliDocsCurrent()).toBe(true);
});
