import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Message as SdkMessage } from 'azure-iot-device';
import { expectTypeOf } from 'expect-type';
import { Message } from 'azure-iot-x509';
import { ROOT } from '../support/built';

/* `Message` of azure-iot-x509 is the class of azure-iot-device, which is loaded when it is first used. */

/** Runs a module of a user of the package as it is built; answers what it prints. */
async function run(type: 'module' | 'commonjs', source: string): Promise<string> {
  const args = [`--input-type=${type}`, '--eval', source];
  return (await promisify(execFile)(process.execPath, args, { cwd: ROOT })).stdout.trim();
}

const LOADED =
  'Object.keys(require.cache).filter((file) => /node_modules.azure-iot-(?!cert)/.test(file)).length';
const USE = `
  const before = ${LOADED};
  const message = new Message('x');
  const { Message: Official } = require('azure-iot-device');
  console.log(before, message instanceof Official, message instanceof Message, String(message.getData()));`;

test('an ES module imports Message by its name without loading the SDK, and makes messages of the SDK', async () => {
  const requires =
    "import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/x');";
  expect(await run('module', `import { Message } from 'azure-iot-x509'; ${requires} ${USE}`)).toBe(
    '0 true true x',
  );
});

test('a CommonJS module requires Message without loading the SDK, and makes messages of the SDK', async () => {
  expect(await run('commonjs', `const { Message } = require('azure-iot-x509'); ${USE}`)).toBe(
    '0 true true x',
  );
});

test('Message has the type, the name, the prototype and the subclasses of the class of the SDK', () => {
  expectTypeOf(Message).toEqualTypeOf(SdkMessage);
  expectTypeOf<Message>().toEqualTypeOf<SdkMessage>();
  expect(Message.name).toBe('Message');
  expect(Message.prototype).toBe(SdkMessage.prototype);
  expect(new SdkMessage('x')).toBeInstanceOf(Message);
  class Reading extends Message {
    readonly kind = 'reading';
  }
  const reading = new Reading('x');
  expect(reading).toBeInstanceOf(Reading);
  expect(reading).toBeInstanceOf(SdkMessage);
  expect({ kind: reading.kind, data: String(reading.data) }).toEqual({ kind: 'reading', data: 'x' });
  const call = Message as unknown as () => void;
  expect(() => call()).toThrow("Class constructor Message cannot be invoked without 'new'");
});
