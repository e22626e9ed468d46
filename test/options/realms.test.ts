import { runInNewContext } from 'node:vm';
import { Message } from 'azure-iot-device';
import { connectDevice, InvalidOptionsError, type ConnectOptions } from 'azure-iot-x509';
import { startEmulator, type EmulatorOptions } from 'azure-iot-emulator';
import { validateConnectOptions } from '../../src/options/validate';
import { enrollDevice } from '../support/enrolled-device';

/* Values of another realm, such as those of a vm context or of Jest with jsdom, are no instances of the classes of this one. */

/** Evaluates an expression in a realm of its own, which gets these values. */
const elsewhere = (expression: string, values: object = {}): unknown => runInNewContext(expression, values);

/** The bytes in a Uint8Array of another realm. */
const bytes = (text: string) =>
  elsewhere('Uint8Array.from(bytes)', { bytes: [...Buffer.from(text)] }) as Buffer;

/** A signal that only behaves like one, as those of jsdom and of polyfills do. */
function foreignSignal(signal: AbortSignal): AbortSignal {
  return {
    get aborted() {
      return signal.aborted;
    },
    get reason(): unknown {
      return signal.reason as unknown;
    },
    throwIfAborted: () => signal.throwIfAborted(),
    addEventListener: signal.addEventListener.bind(signal),
    removeEventListener: signal.removeEventListener.bind(signal),
  } as unknown as AbortSignal;
}

test('a device connects and sends with options, signal and message of another realm', async () => {
  const emulatorOptions = elsewhere('({ retryAfterSeconds: 0, hubs: ["north"] })') as EmulatorOptions;
  await using emulator = await startEmulator(emulatorOptions);
  const { options, hub } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
  const controller = new AbortController();
  const foreign = elsewhere('({ ...options })', {
    options: { ...options, ca: bytes(emulator.ca), signal: foreignSignal(controller.signal) },
  }) as ConnectOptions;
  await using connection = await connectDevice(foreign);
  const message = Object.assign(elsewhere('({})') as Message, new Message(bytes('21.5')));
  await connection.client.sendEvent(message);
  expect(hub.receivedTelemetry('pump-1').map(({ body }) => body.toString())).toEqual(['21.5']);
});

test('a signal of another realm ends the call', async () => {
  await using emulator = await startEmulator();
  const { options } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
  const controller = new AbortController();
  const connecting = connectDevice({ ...options, signal: foreignSignal(controller.signal) });
  controller.abort(new Error('enough'));
  await expect(connecting).rejects.toThrow('enough');
});

test('something that is no signal is still refused', () => {
  const options = { enrollment: 'hub-individual', idScope: '0ne00ABCDEF', certFile: 'a', keyFile: 'b' };
  for (const signal of [{}, { aborted: false }, 'now'])
    expect(() => validateConnectOptions({ ...options, signal } as unknown as ConnectOptions)).toThrow(
      InvalidOptionsError,
    );
});
