import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFiles, type FileContent } from 'azure-iot-certificates/internal';
import { messageOf } from './problems';

/** The time for which changes are collected before they are written. */
const GATHER_MS = 50;
/** The pause after a write is this many times the time of making the texts. Making them blocks the emulator. */
const REST_FACTOR = 10;
const MAX_REST_MS = 5_000;
/** The time until the next attempt after a failure, such as a full disk. */
const RETRY_MS = 1_000;

/**
 * Writes files soon after they have changed, all changed files together, one batch after the other. Before {@link
 * begin}, nothing is written.
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

  /** Adds a file. `text` is called whenever it is about to be written. */
  add(name: string, text: () => string): void {
    this.#files.set(name, text);
  }

  /** Marks a file as changed. Frequent calls are cheap. */
  changed(name: string): void {
    if (this.#phase === 'closed') return;
    this.#changed.add(name);
    this.#schedule();
  }

  /** Writes the changed files. From then on, changes are written soon after they happen. @throws FileError */
  async begin(): Promise<void> {
    await this.#flush();
    this.#phase = 'running';
    this.#schedule();
  }

  /**
   * Writes the changed files, and accepts no further changes. Writes nothing without {@link begin}. Never rejects:
   * failures are warnings of the process.
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
      // The batch in progress does not have the latest changes.
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

  /** All texts are made synchronously, so that the files are consistent: a device that moves is in exactly one hub. */
  async #writeBatch(names: readonly string[]): Promise<void> {
    const begin = performance.now();
    const { files, failure } = this.#textsOf(names);
    this.#restMs = Math.min(MAX_REST_MS, (performance.now() - begin) * REST_FACTOR);
    await writeFiles(files, true);
    await syncDirectory(this.#directory);
    if (failure !== undefined) throw failure.error;
    this.#isFailing = false;
  }

  /** The files that can be written, and the failure of one that cannot. The failure does not prevent the others. */
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

/** Syncs a folder, so that new names in it survive a loss of power, where the system supports it. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows cannot open folders, and some network file systems cannot sync them. The files themselves are written.
  }
}
