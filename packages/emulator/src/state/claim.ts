import { rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { isJsonObject, parseJson } from '../protocol/json';
import { systemCode } from './problems';

/** Who made a claim. */
export interface Owner {
  /** `undefined` if it did not say. */
  readonly processId: number | undefined;
  /** Name of its machine or container. */
  readonly hostName: string | undefined;
  /** Whether it has the folder; otherwise it is about to find out. */
  readonly isHolding: boolean;
}

/** An owner that is alive says who it is at once, unless it is stopped or very busy. */
const ANSWER_TIMEOUT_MS = 1_000;
/** What the system says of a socket without a process, and of a file that is none. */
const NOBODY: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);
const IS_WINDOWS = process.platform === 'win32';

/** A socket (a pipe on Windows) that tells whoever asks who made it, for as long as its process lives. */
export class Claim {
  readonly path: string;
  readonly #server: Server;
  #isHolding = false;

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined);
      const owner: Owner = { processId: process.pid, hostName: hostname(), isHolding: this.#isHolding };
      socket.end(JSON.stringify(owner), () => socket.destroy());
    }).unref();
  }

  /** Rejects with the system's error where there can be no socket. */
  static async make(path: string): Promise<Claim> {
    const claim = new Claim(path);
    // Bound and only then listening, a socket would seem dead for a moment: it gets its name when it is complete.
    const firstPath = IS_WINDOWS ? path : `${path}.tmp`;
    await new Promise<void>((resolve, reject) => {
      claim.#server.once('error', reject);
      // Whoever else may use the folder has to be able to ask.
      claim.#server.listen({ path: firstPath, readableAll: true, writableAll: true }, () => {
        claim.#server.off('error', reject);
        resolve();
      });
    });
    try {
      if (!IS_WINDOWS) await rename(firstPath, path);
    } catch (error) {
      await claim.withdraw();
      throw error;
    }
    return claim;
  }

  /** From now on, this claim is the one that counts. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Idempotent, never rejects. */
  async withdraw(): Promise<void> {
    await removeClaim(this.path);
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

/** Removes what is left of a claim. */
export async function removeClaim(path: string): Promise<void> {
  // If it cannot be removed, the next one who asks finds it dead.
  if (!IS_WINDOWS) await rm(path, { force: true }).catch(() => undefined);
}

/** Who made the claim at that path; `undefined` when nobody is there any more. */
export async function ask(path: string): Promise<Owner | undefined> {
  const socket = connect(path);
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), ANSWER_TIMEOUT_MS);
  try {
    return readOwner(await text(socket));
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (NOBODY.has(code)) return undefined;
    // It may be closing just now. Otherwise somebody is there who cannot answer, which is no reason to push in.
    return {
      processId: undefined,
      hostName: undefined,
      isHolding: code !== 'ECONNRESET' && code !== 'EPIPE',
    };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function readOwner(answer: string): Owner {
  const parsed = parseJson(answer);
  // Nothing at all comes from an owner that was closing.
  if (!isJsonObject(parsed)) return { processId: undefined, hostName: undefined, isHolding: answer !== '' };
  const { processId, hostName, isHolding } = parsed;
  return {
    processId: typeof processId === 'number' ? processId : undefined,
    hostName: typeof hostName === 'string' ? hostName : undefined,
    isHolding: isHolding === true,
  };
}
