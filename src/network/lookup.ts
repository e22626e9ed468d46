import * as dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

/**
 * The time after which the system's resolver counts as blocked, in milliseconds. Node.js runs at most two of its
 * queries at once, for the whole process, so that those for names that hang keep all others waiting.
 */
const BLOCKED_AFTER_MS = 2_000;
/** A query that is older than this, in milliseconds, is not waited for by others. */
const ABANDONED_AFTER_MS = 60_000;
/** The time of one query of the second resolver, in milliseconds, and the number of its tries. */
const SECOND_RESOLVER = { timeout: 3_000, tries: 2 };

const LOCALHOST = /^(?:[\w-]+\.)*localhost\.?$/i;
const LOOPBACK: readonly dns.LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

interface Query {
  readonly since: number;
  readonly addresses: Promise<readonly dns.LookupAddress[]>;
}

/** The system's queries under way, by name. Attempts that follow each other share one: a name blocks one thread only. */
const queries = new Map<string, Query>();

/**
 * The addresses of a name: those of the system (`/etc/hosts` and all), or, where its resolver is blocked, those of the
 * name server itself. Never rejects without the error of the system's resolver.
 */
export async function addressesOf(name: string): Promise<readonly dns.LookupAddress[]> {
  const family = isIP(name);
  if (family !== 0) return [{ address: name, family }];
  const running = queries.get(name);
  if (running && performance.now() - running.since < ABANDONED_AFTER_MS) return await running.addresses;
  const query: Query = {
    since: performance.now(),
    addresses: ask(name, () => {
      if (queries.get(name) === query) queries.delete(name);
    }),
  };
  queries.set(name, query);
  return await query.addresses;
}

/** {@link addressesOf} as the option `lookup` of `node:net` and of what is built on it. */
export const lookup: LookupFunction = (name, { all, family }, done) => {
  addressesOf(name).then(
    (addresses) => {
      const wanted = [4, 6].includes(Number(family))
        ? addresses.filter((one) => one.family === family)
        : addresses;
      const [first = { address: '', family: 0 }] = wanted;
      if (all) done(null, [...wanted]);
      else done(null, first.address, first.family);
    },
    (error: unknown) => done(error as NodeJS.ErrnoException, all ? [] : ''),
  );
};

/**
 * Asks the system, and after a while also the name server. The first answer counts.
 *
 * @param over called when the system has answered
 */
function ask(name: string, over: () => void): Promise<readonly dns.LookupAddress[]> {
  return new Promise((resolve, reject) => {
    let resolver: dns.Resolver | undefined;
    const timer = setTimeout(() => {
      if (LOCALHOST.test(name)) resolve(LOOPBACK);
      else resolver = askNameServer(name, resolve);
    }, BLOCKED_AFTER_MS);
    // The system's query keeps the process alive, as long as there is one.
    timer.unref();
    const done = (error: Error | null, addresses: readonly dns.LookupAddress[]) => {
      over();
      clearTimeout(timer);
      resolver?.cancel();
      if (error) reject(error);
      else resolve(addresses);
    };
    // A replaced `dns.lookup` may answer at once, which must not be before the query is listed.
    process.nextTick(() => dns.lookup(name, { all: true }, done));
  });
}

/** Asks without the threads of the process. A failure is left to the system's resolver, which knows more names. */
function askNameServer(name: string, found: (addresses: readonly dns.LookupAddress[]) => void): dns.Resolver {
  const resolver = new dns.Resolver(SECOND_RESOLVER);
  resolver.resolve4(name, (error, addresses) => {
    if (!error) found(addresses.map((address) => ({ address, family: 4 })));
    else
      resolver.resolve6(name, (failure, others) => {
        if (!failure) found(others.map((address) => ({ address, family: 6 })));
      });
  });
  return resolver;
}
