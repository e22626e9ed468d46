import type { DeviceService } from './service';

/**
 * Closes the connections of clients until all services have started. A device that returns early would otherwise be
 * refused by a service that has not restored it yet.
 */
export class StartupGate {
  #isOpen = false;

  open(): void {
    this.#isOpen = true;
  }

  /** The service behind this gate. */
  of(service: DeviceService): DeviceService {
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
