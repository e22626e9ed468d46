/** Watches over a client's silence. Times are in seconds, as in the CONNECT packet. */
export class KeepAlive {
  #timer: NodeJS.Timeout | undefined;

  /**
   * Begins to watch. `onSilent` tells whether the silence does not count.
   *
   * One and a half times the keep-alive [MQTT-3.1.2-24]. IoT Hub: never longer than 29.45 minutes. What a keep-alive of 0
   * (no time-out, says MQTT) means to Azure is not documented; the emulator applies the same limit.
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

  /** Something came from the client. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
