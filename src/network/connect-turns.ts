import { setImmediate } from 'node:timers/promises';
import { ConnectLine, type EndTurn } from './connect-line';

/**
 * The one line of this process. A thousand handshakes abreast share the processor, and each of them takes longer than
 * a server allows. A device takes about 20 ms of processor time until it is connected: 32 connections abreast end within a
 * second, and within the 10 s that servers allow on a processor that is ten times slower.
 */
const LINE = new ConnectLine({ total: 32, perHost: 16, longestTurnMs: 5_000 });

/** The pass of the event loop in which the last of the devices that wait is prepared. */
let lastPass = Promise.resolve();

/** The turns of one device to be prepared and to make a connection, and the time that it has waited for them. */
export class ConnectTurns {
  readonly #line: ConnectLine;
  #waiting = 0;
  #since = 0;
  #waitedMs = 0;

  /** @param line tests give one of their own */
  constructor(line = LINE) {
    this.#line = line;
  }

  /** The milliseconds that the device has waited for its turns so far. Deadlines do not count them. */
  get waitedMs(): number {
    return this.#waitedMs + (this.#waiting === 0 ? 0 : performance.now() - this.#since);
  }

  /**
   * Waits for a pass of the event loop of its own, in which the device is prepared. Certificates and keys take
   * milliseconds, and those of a thousand devices would keep the connections that there are from being served.
   */
  async toPrepare(): Promise<void> {
    lastPass = lastPass.then(() => setImmediate());
    await this.#wait(lastPass);
  }

  /**
   * Waits until a connection to the host may be made. The turn ends with the call of the returned function.
   *
   * @throws `signal.reason`
   */
  async toConnect(host: string, signal: AbortSignal): Promise<EndTurn> {
    return await this.#wait(this.#line.take(host, signal));
  }

  async #wait<T>(turn: Promise<T>): Promise<T> {
    if (this.#waiting === 0) this.#since = performance.now();
    this.#waiting += 1;
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#waitedMs += performance.now() - this.#since;
    }
  }
}
