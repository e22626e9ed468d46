import type { Client, Message } from 'azure-iot-device';
import { digestOf } from './payload';
import { happened } from './progress';
import { Tally } from './tally';

/** The messages and direct methods that a device receives. The answer to a method is its own payload. */
export class Inbox {
  /** Messages, by number. */
  readonly received = new Tally<number>();
  /** Messages with a body that was changed. */
  corrupted = 0;
  /** Answers to methods that were sent, and neither taken nor refused. */
  answersUnsettled = 0;

  constructor(client: Client) {
    client.on('message', (message: Message) => {
      if (message.properties.getValue('digest') !== digestOf(message.getBytes())) this.corrupted += 1;
      this.received.add(Number(message.properties.getValue('number')));
      happened();
    });
    client.onDeviceMethod('echo', (request, response) => {
      this.answersUnsettled += 1;
      const settled = (): void => {
        this.answersUnsettled -= 1;
        happened();
      };
      response.send(200, request.payload).then(settled, settled);
    });
  }
}
