import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { ConnectLine, type EndTurn } from '../../src/network/connect-line';
import { ConnectTurns } from '../../src/network/connect-turns';
import { withDeadline } from '../../src/network/deadline';
import { clientContext } from '../../src/network/secure-context';

const LIMITS = { total: 3, perHost: 2, longestTurnMs: 5_000 };
const never = new AbortController().signal;

/** Lets everything happen that waits for nothing. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Takes turns in the order given, and notes which have begun. */
function queue(line: ConnectLine, ...hosts: string[]): { begun: string[]; ends: Map<string, EndTurn> } {
  const begun: string[] = [];
  const ends = new Map<string, EndTurn>();
  for (const name of hosts) {
    const [host = ''] = name.split(' ');
    void line.take(host, never).then((end) => {
      begun.push(name);
      ends.set(name, end);
    });
  }
  return { begun, ends };
}

afterEach(() => {
  jest.useRealTimers();
});

describe('The line of connections', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
  });

  test('lets as many connections begin as its limit allows, and the others in their order', async () => {
    const { begun, ends } = queue(new ConnectLine(LIMITS), 'a 1', 'b 1', 'c 1', 'd 1', 'e 1');
    await settled();
    expect(begun).toEqual(['a 1', 'b 1', 'c 1']);
    ends.get('b 1')?.();
    ends.get('b 1')?.();
    await settled();
    expect(begun).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
    ends.get('a 1')?.();
    await settled();
    expect(begun).toEqual(['a 1', 'b 1', 'c 1', 'd 1', 'e 1']);
  });

  test('lets connections to other hosts pass those to a host whose turns are all taken', async () => {
    const { begun, ends } = queue(new ConnectLine(LIMITS), 'a 1', 'a 2', 'a 3', 'a 4', 'b 1', 'b 2');
    await settled();
    expect(begun).toEqual(['a 1', 'a 2', 'b 1']);
    ends.get('b 1')?.();
    await settled();
    expect(begun).toEqual(['a 1', 'a 2', 'b 1', 'b 2']);
    ends.get('a 2')?.();
    await settled();
    expect(begun).toEqual(['a 1', 'a 2', 'b 1', 'b 2', 'a 3']);
  });

  test('does not count a connection any more that waits for its server', async () => {
    const { begun, ends } = queue(new ConnectLine(LIMITS), 'a 1', 'a 2', 'a 3', 'a 4', 'a 5');
    await settled();
    await jest.advanceTimersByTimeAsync(LIMITS.longestTurnMs);
    expect(begun).toEqual(['a 1', 'a 2', 'a 3', 'a 4']);
    // It has ended by its time, and its own end must not end the turn of another.
    ends.get('a 1')?.();
    await settled();
    expect(begun).toHaveLength(4);
  });

  test('is left at once by who aborts, and nobody behind waits longer for it', async () => {
    const line = new ConnectLine(LIMITS);
    const { ends } = queue(line, 'a 1', 'a 2');
    await settled();
    const controller = new AbortController();
    const aborted = line.take('a', controller.signal);
    const { begun } = queue(line, 'a 4');
    controller.abort(new Error('not needed any more'));
    await expect(aborted).rejects.toThrow('not needed any more');
    ends.get('a 1')?.();
    await settled();
    expect(begun).toEqual(['a 4']);
    await expect(line.take('b', controller.signal)).rejects.toThrow('not needed any more');
  });

  test('keeps no timer when every turn has ended', async () => {
    const { ends } = queue(new ConnectLine(LIMITS), 'a 1', 'b 1', 'a 2', 'a 3');
    await settled();
    while (ends.size > 0) {
      for (const [name, end] of [...ends]) {
        ends.delete(name);
        end();
      }
      await settled();
    }
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('the time in the line does not count against the deadline of a call', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
  const line = new ConnectLine({ ...LIMITS, perHost: 1, longestTurnMs: 60_000 });
  const { ends } = queue(line, 'a 1');
  await settled();
  const turns = new ConnectTurns(line);
  let isOver = false;
  const limits = {
    timeoutMs: 1_000,
    waitedMs: () => turns.waitedMs,
    onTimeout: () => new Error('too late'),
  };
  const call = withDeadline(limits, async (signal) => {
    await turns.toConnect('a', signal);
    await new Promise(() => undefined);
  }).catch((error: unknown) => {
    isOver = true;
    return error;
  });
  await jest.advanceTimersByTimeAsync(30_000);
  expect(isOver).toBe(false);
  ends.get('a 1')?.();
  await jest.advanceTimersByTimeAsync(990);
  expect(isOver).toBe(false);
  await jest.advanceTimersByTimeAsync(20);
  expect(isOver).toBe(true);
  await expect(call).resolves.toThrow('too late');
});

test('devices are prepared in passes of the event loop of their own', async () => {
  const order: string[] = [];
  let isOver = false;
  const watch = () => {
    if (isOver) return;
    order.push('loop');
    setImmediate(watch);
  };
  watch();
  await Promise.all(
    [1, 2, 3].map(async (device) => {
      await new ConnectTurns().toPrepare();
      order.push(`device ${device}`);
    }),
  );
  isOver = true;
  expect(order.filter((entry, index) => entry !== order[index - 1]).join()).toMatch(
    /device 1,loop,device 2,loop,device 3$/,
  );
});

describe('The parsed context of a client', () => {
  test('is the same for one identity and its roots, and another for anything else', async () => {
    const one = await createSelfSignedCertificate({ commonName: 'pump-1' });
    const two = await createSelfSignedCertificate({ commonName: 'pump-2' });
    const identity = { cert: one.certificate, key: one.privateKey };
    const roots = [one.certificate];
    const context = clientContext(identity, roots);
    expect(clientContext(identity, roots)).toBe(context);
    expect(clientContext(identity, [one.certificate])).not.toBe(context);
    expect(clientContext({ ...identity }, roots)).not.toBe(context);
    const changing = { ...identity };
    const first = clientContext(changing, undefined);
    Object.assign(changing, { cert: two.certificate, key: two.privateKey });
    expect(clientContext(changing, undefined)).not.toBe(first);
  });
});
