import type { MqttService } from './mqtt/service';

/** Lets nobody in before all services are there: a device that comes back early would be told that nobody knows it. */
export class Entrance {
  #isOpen = false;

  open(): void {
    this.#isOpen = true;
  }

  /** The service behind this entrance. Until it is open, clients are dropped without a word, upon which they try again. */
  of(service: MqttService): MqttService {
    return {
      label: service.label,
      connect: (packet, connection) => {
        if (this.#isOpen) return service.connect(packet, connection);
        connection.close('hub-stopped');
        return { returnCode: 3, reason: 'the emulator is starting' };
      },
      handleRequest: (exchange) => {
        if (!this.#isOpen) exchange.request.socket.destroy();
        else if (service.handleRequest !== undefined) service.handleRequest(exchange);
        else exchange.response.writeHead(404, { connection: 'close' }).end();
      },
    };
  }
}
