import { createHash, randomBytes } from 'node:crypto';
import { readdir, realpath } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, Claim, removeClaim, type Owner } from './claim';
import { messageOf, notReadable, StateInUseError, unusableStateDirectory } from './problems';

/** Two emulators that start at the same moment make way for each other and try again. */
const MAX_ATTEMPTS = 20;
const MAX_PAUSE_MS = 50;
/** The longest path of a socket (`sun_path`) less a suffix: 108 bytes with the closing zero on Linux, 104 elsewhere. */
const MAX_PATH_BYTES = 99;

/** Where claims to one folder are, and how their names begin; the ID of the process follows. */
interface Place {
  readonly directory: string;
  readonly prefix: string;
}

/** A claim of somebody else. */
interface Rival extends Owner {
  readonly name: string;
}

/**
 * Keeps a folder for one emulator, also against other processes and against containers that mount the same folder.
 *
 * Every claim is a socket of its own, with a name that never comes again. The system ends it together with its process,
 * however that ended: a claim that answers is alive, and one that does not can be removed by anybody. Neither a process
 * ID that was given to another program nor a clock nor a restart of the machine can mislead.
 */
export class FolderLock {
  readonly #claim: Claim;

  private constructor(claim: Claim) {
    this.#claim = claim;
  }

  /** @throws InvalidOptionsError naming the process that uses the folder. */
  static async acquire(directory: string): Promise<FolderLock> {
    const places = await placesFor(directory);
    for (let attempt = 1; ; attempt++) {
      const claim = await makeClaim(places);
      const rival = await findRival(places, claim);
      if (rival === undefined) {
        claim.hold();
        return new FolderLock(claim);
      }
      await claim.withdraw();
      if (rival.isHolding || attempt === MAX_ATTEMPTS) throw inUse(directory, rival);
      await delay(Math.random() * MAX_PAUSE_MS);
    }
  }

  /** Idempotent, never rejects. */
  async release(): Promise<void> {
    await this.#claim.withdraw();
  }
}

/** In the folder itself, or where that cannot have sockets (mounts of some sorts, long paths), in the system's for such. */
async function placesFor(directory: string): Promise<readonly Place[]> {
  const path = await realpath(directory);
  const identity = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const elsewhere = {
    directory: process.platform === 'win32' ? '\\\\.\\pipe\\' : tmpdir(),
    prefix: `azure-iot-x509-${identity}-`,
  };
  return process.platform === 'win32' ? [elsewhere] : [{ directory: path, prefix: '.lock-' }, elsewhere];
}

async function makeClaim(places: readonly Place[]): Promise<Claim> {
  const problems: string[] = [];
  for (const place of places) {
    const path = join(place.directory, `${place.prefix}${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new Error(`${path} is too long for a socket`);
      return await Claim.make(path);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw unusableStateDirectory(
    `cannot be locked against other emulators: ${problems.join('; ')}.`,
    'Check that this user may write there, or pass a folder of a local disk.',
  );
}

/** Somebody else who is alive and wants the folder or has it. What the dead have left is removed. */
async function findRival(places: readonly Place[], own: Claim): Promise<Rival | undefined> {
  for (const { directory, prefix } of places) {
    for (const name of await namesIn(directory)) {
      const path = join(directory, name);
      if (!name.startsWith(prefix) || name.endsWith('.tmp') || path === own.path) continue;
      const owner = await ask(path);
      if (owner !== undefined) return { ...owner, name: name.slice(prefix.length) };
      await removeClaim(path);
    }
  }
  return undefined;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: unknown) => {
    throw notReadable(directory, error);
  });
}

function inUse(directory: string, rival: Rival): StateInUseError {
  const [fromName = ''] = rival.name.split('-');
  const host = rival.hostName === undefined || rival.hostName === hostname() ? '' : ` on ${rival.hostName}`;
  return new StateInUseError(directory, `${rival.processId ?? fromName}${host}`);
}
