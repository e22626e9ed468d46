/** Watches over a client's silence. Times are in seconds, as in the CONNECT packet. */
export class KeepAlive {
  #timer: NodeJS.Timeout | undefined;

  /**
   * Begins to watch. `onSilent` returns `true` if the silence does not count.
   *
   * One and a half times the keep-alive [MQTT-3.1.2-24]. IoT Hub: never longer than 29.45 minutes. In MQTT, a
   * keep-alive of 0 means no time-out. Azure does not document it; the emulator applies the same limit.
   */
  watch(keepAliveSeconds: number, maxSilenceSeconds: number, onSilent: () => boolean): void {
    const silence = keepAliveSeconds === 0 ? maxSilenceSeconds : keepAliveSeconds * 1.5;
    const timer = setTimeout(
      () => {
        if (onSilent()) timer.refresh();
      },
      Math.min(silence, maxSilenceSeconds) * 1000,
    ).unref();
    this.#timer = timer;
  }

  /** A packet came from the client. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
