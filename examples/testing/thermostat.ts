// The application that thermostat.test.ts tests: it takes options and knows nothing of tests or emulators.
import { connectDevice, Message, type ConnectOptions } from 'azure-iot-x509';

/** A thermostat that can be told a temperature, and tells the one that it has. */
export class Thermostat implements AsyncDisposable {
  readonly #connection: Awaited<ReturnType<typeof connectDevice>>;
  target = 20;

  private constructor(connection: Awaited<ReturnType<typeof connectDevice>>) {
    this.#connection = connection;
    connection.client.onDeviceMethod('setTarget', (request, response) => {
      const target: unknown = request.payload;
      if (typeof target === 'number') this.target = target;
      void response.send(typeof target === 'number' ? 200 : 400, { target: this.target });
    });
  }

  static async start(options: ConnectOptions): Promise<Thermostat> {
    return new Thermostat(await connectDevice(options));
  }

  async report(temperature: number): Promise<void> {
    const message = new Message(JSON.stringify({ temperature, isHeating: temperature < this.target }));
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    await this.#connection.client.sendEvent(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
