import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { directoryPerTest } from '../../../../test/cli/support/directory';
import { MemoryIo } from '../../../../test/cli/support/memory-io';
import { controlAddress } from '../../src/cli/control/address';
import { ControlServer } from '../../src/cli/control/control-server';
import { forward } from '../../src/cli/control/forward';
import { placeOf } from '../../src/cli/next-steps/place';
import type { Io } from '../../src/cli/terminal/io';

const MEBIBYTE = 'x'.repeat(1024 * 1024);
const directory = directoryPerTest();
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The address of a control server that runs every command line like this. */
async function serve(run: (args: readonly string[], io: Io) => Promise<number>): Promise<string> {
  const address = controlAddress(directory.path);
  const control = await ControlServer.listen(address, run);
  closers.push(() => control.close());
  return address;
}

async function open(address: string): Promise<Socket> {
  const socket = connect(address).on('error', () => undefined);
  closers.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Passes a command line on. */
async function pass(io: MemoryIo, ...args: readonly string[]): Promise<number> {
  return await forward(args, io, placeOf('.', { cwd: directory.path }));
}

test('a command line is passed on with its directory, its terminal and the variables that matter', async () => {
  let seen: unknown;
  await serve((args, { cwd, env, stdout, stderr }) => {
    seen = { args, cwd, env, isTTY: stdout.isTTY, columns: stdout.columns };
    stdout.write('out');
    stderr.write('err');
    return Promise.resolve(3);
  });
  const io = new MemoryIo({
    cwd: '/somewhere',
    env: { NO_COLOR: '1', SECRET: 'swordfish' },
    terminal: { columns: 72 },
  });
  expect(await pass(io, 'twin', 'pump-1')).toBe(3);
  expect([io.out, io.err]).toEqual(['out', 'err']);
  const env = { NO_COLOR: '1' };
  expect(seen).toEqual({ args: ['twin', 'pump-1'], cwd: '/somewhere', env, isTTY: true, columns: 72 });
});

test('a result that is larger than what may wait for a slow reader arrives whole', async () => {
  await serve((_args, { stdout }) => {
    stdout.write(MEBIBYTE.repeat(20));
    return Promise.resolve(0);
  });
  const io = new MemoryIo();
  expect(await pass(io)).toBe(0);
  expect(io.out).toHaveLength(20 * MEBIBYTE.length);
});

test('a program that does not read is dropped, and its command ends', async () => {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const address = await serve(async (_args, { signal, stdout }) => {
    while (!signal.aborted) {
      stdout.write(MEBIBYTE);
      await setImmediate();
    }
    end();
    return 0;
  });
  const socket = await open(address);
  socket.pause().write('{"args":["watch"],"cwd":"/","env":{},"stdout":{},"stderr":{}}\n');
  await ended;
});

test('a program that sends something else is dropped, and others are served', async () => {
  const address = await serve(() => Promise.resolve(0));
  const socket = await open(address);
  socket.resume().write('GET / HTTP/1.1\n');
  await once(socket, 'close');
  expect(await pass(new MemoryIo())).toBe(0);
});

test('closing ends the commands that are running, and waits for their last words', async () => {
  const address = controlAddress(directory.path);
  const control = await ControlServer.listen(address, async (_args, { signal, stdout, stderr }) => {
    stderr.write('waiting');
    await once(signal, 'abort');
    stdout.write('bye');
    return 0;
  });
  const io = new MemoryIo();
  const passed = pass(io);
  await io.until(({ err }) => err.includes('waiting'));
  await control.close();
  expect(await passed).toBe(0);
  expect(io.out).toBe('bye');
});
