/** How much one client may make the emulator hold or wait for. */
export interface MqttLimits {
  /** Largest control packet, header included, in bytes. IoT Hub's messages end at 256 KB, topic and properties come on top. */
  readonly maxPacketBytes: number;
  /** The same for the CONNECT packet, whose client is not known yet. A last will may have 64 KB. */
  readonly maxConnectBytes: number;
  /** What may wait for a client that does not read, in bytes; beyond it, the client is closed. */
  readonly maxUnsentBytes: number;
  /** From the TCP connection to the end of the TLS handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** From the end of the handshake to the CONNECT packet, WebSocket upgrade included, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** From the head of an HTTP request to the end of its body, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long a closing connection may take to read what was still sent to it, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Longest silence, in seconds, whatever keep-alive the client asks for. IoT Hub: 29.45 minutes. */
  readonly maxSilenceSeconds: number;
  /** TCP connections of one listener; beyond it, new ones are dropped. */
  readonly maxConnections: number;
  /** Those of them that have no MQTT session (yet), HTTP included; beyond it, the oldest is dropped. */
  readonly maxPendingConnections: number;
}

export const DEFAULT_LIMITS: MqttLimits = {
  maxPacketBytes: 300 * 1024,
  maxConnectBytes: 80 * 1024,
  maxUnsentBytes: 4 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  closeTimeoutMs: 2_000,
  maxSilenceSeconds: 1767,
  maxConnections: 10_000,
  maxPendingConnections: 2_000,
};
