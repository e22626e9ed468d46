import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { PacedWriter } from '../devices/tcp/paced-writer';

/** The changes that a relay makes. */
export interface RelayOptions {
  /** The rate in each direction. Default: no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** Passes on the first half of the server's first bytes, and nothing more. Default: false. */
  readonly isCut?: boolean;
}

/** A stream between a socket and TLS that passes bytes on at a limited rate, or only the first bytes. */
export class Relay extends Duplex {
  readonly #socket: Socket;
  readonly #fromClient = new PacedWriter((bytes) => void this.push(bytes));
  readonly #toClient = new PacedWriter((bytes) => void this.#socket.write(bytes));
  readonly #isCut: boolean;
  #hasWritten = false;

  constructor(socket: Socket, { bytesPerSecond, isCut = false }: RelayOptions) {
    super();
    this.#socket = socket;
    this.#isCut = isCut;
    this.throttle(bytesPerSecond);
    socket.on('data', (bytes: Buffer) => {
      // One piece at a time, so that a client cannot exceed the rate.
      socket.pause();
      this.#fromClient.put(bytes);
      this.#fromClient.whenEmpty(() => socket.resume());
    });
    socket.on('end', () => this.#fromClient.whenEmpty(() => void this.push(null)));
    socket.on('close', () => this.destroy());
  }

  /** `undefined` for no limit. */
  throttle(bytesPerSecond: number | undefined): void {
    this.#fromClient.throttle(bytesPerSecond);
    this.#toClient.throttle(bytesPerSecond);
  }

  override _read(): void {
    // Bytes are pushed as they come; the socket is paused meanwhile.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (!this.#isCut) {
      this.#toClient.put(bytes);
    } else if (!this.#hasWritten) {
      this.#hasWritten = true;
      this.#toClient.put(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    }
    this.#toClient.whenEmpty(callback);
  }

  override _final(callback: () => void): void {
    this.#toClient.whenEmpty(() => {
      this.#socket.end();
      callback();
    });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#fromClient.dispose();
    this.#toClient.dispose();
    this.#socket.destroy();
    callback(error);
  }
}
