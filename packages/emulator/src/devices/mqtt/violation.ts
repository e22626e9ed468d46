/**
 * The client broke MQTT 3.1.1 or the rules of the service. An MQTT 3.1.1 server cannot report it, and closes the
 * network connection (MQTT 3.1.1, 4.8).
 */
export class ProtocolViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtocolViolation';
  }
}
