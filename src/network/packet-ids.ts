const MAX_PACKET_ID = 65_535;

/**
 * Packet identifiers for MQTT.js, which by itself gives one out again after 65,535 others, whether it is free or not: the
 * message that still has it would then be taken for acknowledged (MQTT 3.1.1, section 2.3.1).
 */
export class PacketIds {
  readonly #isInUse: (id: number) => boolean;
  #last = 0;

  constructor(isInUse: (id: number) => boolean) {
    this.#isInUse = isInUse;
  }

  /** The next one that is free; `null` if none is. */
  allocate(): number | null {
    for (let tries = 0; tries < MAX_PACKET_ID; tries += 1) {
      this.#last = (this.#last % MAX_PACKET_ID) + 1;
      if (!this.#isInUse(this.#last)) return this.#last;
    }
    return null;
  }

  getLastAllocated(): number {
    return this.#last;
  }

  /** MQTT.js asks this of packets that it sends again; it never does here. */
  register(): boolean {
    return true;
  }

  /** What is in use is known without. */
  deallocate(): void {
    // Nothing is kept.
  }

  clear(): void {
    // Nothing is kept.
  }
}
