/** The limits for one client, and for the connections of one listener. */
export interface ConnectionLimits {
  /**
   * Largest MQTT control packet, header included, in bytes. IoT Hub: a message has 256 KB, topic and properties
   * excluded.
   */
  readonly maxPacketBytes: number;
  /** Largest CONNECT packet, in bytes. IoT Hub: a last will has at most 64 KB. */
  readonly maxConnectBytes: number;
  /** The number of unsent bytes after which the connection of a client that does not read is closed. */
  readonly maxUnsentBytes: number;
  /** The time from the TCP connection to the end of the TLS handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** The time from the end of the handshake to the CONNECT packet, WebSocket upgrade included, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** The time from the head of an HTTP request to the end of its body, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** The time in which a connection that is being closed must send its remaining bytes, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** The longest silence of an MQTT client in seconds, for any keep-alive. IoT Hub: 29.45 minutes. */
  readonly maxSilenceSeconds: number;
  /** The number of TCP connections of one listener. Further ones are closed at once. */
  readonly maxConnections: number;
  /**
   * The number of TCP connections of one listener without an MQTT client, HTTP included. Above it, the oldest is
   * closed.
   */
  readonly maxPendingConnections: number;
}

export const DEFAULT_LIMITS: ConnectionLimits = {
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
