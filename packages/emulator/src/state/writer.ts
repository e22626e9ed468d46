import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFiles, type FileContent } from 'azure-iot-certificates/internal';
import { messageOf } from './problems';

/** How long changes are gathered before they are written. */
const GATHER_MS = 50;
/** Making the text of a large folder takes time in which nothing else happens; a tenth of all time at most. */
const REST_FACTOR = 10;
const MAX_REST_MS = 5_000;
/** After a failure, such as a full disk. */
const RETRY_MS = 1_000;

/**
 * Writes files soon after they have changed: all that have, together, one batch after the other. Before {@link begin}, it
 * touches nothing.
 */
export class StateWriter {
  readonly #directory: string;
  readonly #files = new Map<string, () => string>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #restMs = 0;
  #isFailing = false;
  #phase: 'preparing' | 'running' | 'closed' = 'preparing';

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes care of a file; `text` is called whenever it is about to be written. */
  add(name: string, text: () => string): void {
    this.#files.set(name, text);
  }

  /** The file is not what it should be any more. Costs nothing worth mentioning, however often it is called. */
  changed(name: string): void {
    if (this.#phase === 'closed') return;
    this.#changed.add(name);
    this.#schedule();
  }

  /** Writes what is to be written so far, and from now on all by itself. @throws FileError */
  async begin(): Promise<void> {
    await this.#flush();
    this.#phase = 'running';
    this.#schedule();
  }

  /**
   * Writes what has changed, and takes no further changes. If it never began, nothing is written. Never rejects: what goes
   * wrong is a warning of the process.
   */
  async close(): Promise<void> {
    if (this.#phase === 'preparing') this.#changed.clear();
    this.#phase = 'closed';
    await this.#flush().catch((error: unknown) => {
      warn(error, 'What changed last is lost.');
    });
  }

  async #flush(): Promise<void> {
    for (;;) {
      this.#unschedule();
      // A batch that is on its way began before the latest changes.
      await this.#writing?.catch(() => undefined);
      if (this.#changed.size === 0) return;
      await this.#write();
    }
  }

  #schedule(): void {
    if (this.#phase !== 'running' || this.#changed.size === 0) return;
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#writeInBackground();
      },
      Math.max(GATHER_MS, this.#restMs),
    );
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #writeInBackground(): Promise<void> {
    await this.#write().catch((error: unknown) => this.#warn(error));
    this.#schedule();
  }

  #write(): Promise<void> {
    const names = [...this.#changed];
    this.#changed.clear();
    const writing = this.#writeBatch(names)
      .catch((error: unknown) => {
        for (const name of names) this.#changed.add(name);
        this.#restMs = RETRY_MS;
        throw error;
      })
      .finally(() => {
        this.#writing = undefined;
      });
    this.#writing = writing;
    return writing;
  }

  /** All texts are made in one go, so that files agree with each other: a device that moves is in one hub, not in two or none. */
  async #writeBatch(names: readonly string[]): Promise<void> {
    const begin = performance.now();
    const { files, failure } = this.#textsOf(names);
    this.#restMs = Math.min(MAX_REST_MS, (performance.now() - begin) * REST_FACTOR);
    await writeFiles(files, true);
    await syncDirectory(this.#directory);
    if (failure !== undefined) throw failure.error;
    this.#isFailing = false;
  }

  /** The files that can be written, and why one of the others cannot: it must not keep them from being written. */
  #textsOf(names: readonly string[]): { files: FileContent[]; failure?: { readonly error: unknown } } {
    const files: FileContent[] = [];
    let failure: { readonly error: unknown } | undefined;
    for (const name of names) {
      try {
        const content = this.#files.get(name)?.() ?? '';
        files.push({ path: join(this.#directory, name), content, mode: 0o600 });
      } catch (error) {
        failure = { error };
      }
    }
    return { files, ...(failure && { failure }) };
  }

  #warn(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    warn(error, 'It goes on, and tries again until it succeeds.');
  }
}

function warn(error: unknown, consequence: string): void {
  process.emitWarning(`The Azure IoT emulator cannot keep its state: ${messageOf(error)} ${consequence}`, {
    code: 'AZURE_IOT_X509_EMULATOR_STATE',
  });
}

/** Lets new names in a folder survive a loss of power, where the system knows how to. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows opens no folders, and some network file systems sync none. The files themselves are written.
  }
}
