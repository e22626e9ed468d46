/** How much one client may make the emulator hold or wait for. */
export interface MqttLimits {
  /** Largest control packet, header included, in bytes. IoT Hub's messages end at 256 KB, topic and properties come on top. */
  readonly maxPacketBytes: number;
  /** What may wait for a client that does not read, in bytes; beyond it, the client is closed. */
  readonly maxUnsentBytes: number;
  /** From the TCP connection to the end of the TLS handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** From the end of the handshake to the CONNECT packet, WebSocket upgrade included, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long a closing connection may take to read what was still sent to it, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Longest silence, in seconds, whatever keep-alive the client asks for. IoT Hub: 29.45 minutes. */
  readonly maxSilenceSeconds: number;
}

export const DEFAULT_LIMITS: MqttLimits = {
  maxPacketBytes: 300 * 1024,
  maxUnsentBytes: 4 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
  maxSilenceSeconds: 1767,
};
