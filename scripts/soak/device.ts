import type { ConnectionState, DeviceConnection } from 'azure-iot-x509';
import { DeviceTwin } from './device-twin';
import type { Enrolled } from './enrolled';
import { Inbox } from './inbox';
import { Outbox } from './outbox';
import { happened } from './progress';

/** The parameters of a device. */
interface SoakDeviceInit {
  readonly id: string;
  readonly connection: DeviceConnection;
  /** Changes the device's enrollment. */
  readonly change: Enrolled['change'];
  /** Changes over to a new certificate, for kinds where that needs no certificate authority. */
  readonly renew: (() => Promise<void>) | undefined;
  /** False if its hub is a mere broker. */
  readonly hasTwin: boolean;
}

/** A device's program, and all that it did. */
export class SoakDevice {
  readonly id: string;
  readonly connection: DeviceConnection;
  readonly change: SoakDeviceInit['change'];
  readonly renew: SoakDeviceInit['renew'];
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly twin: DeviceTwin | undefined;
  /** All states that the connection has been in since the start. */
  readonly states: ConnectionState[] = [];
  /** The number of new assignments. */
  reprovisioned = 0;

  private constructor(init: SoakDeviceInit, inbox: Inbox, twin: DeviceTwin | undefined) {
    this.id = init.id;
    this.connection = init.connection;
    this.change = init.change;
    this.renew = init.renew;
    this.inbox = inbox;
    this.outbox = new Outbox(init.connection.client);
    this.twin = twin;
    this.connection.on('state', (state) => {
      this.states.push(state);
      happened();
    });
    this.connection.on('reprovisioned', ({ previous, current }) => {
      this.reprovisioned += 1;
      if (previous.assignedHub !== current.assignedHub) twin?.doubtReported();
      happened();
    });
  }

  /** Listens to what the hub sends. */
  static async start(init: SoakDeviceInit): Promise<SoakDevice> {
    const { client } = init.connection;
    const inbox = new Inbox(client);
    return new SoakDevice(init, inbox, init.hasTwin ? await DeviceTwin.start(client) : undefined);
  }

  get isConnected(): boolean {
    return this.connection.state.status === 'connected';
  }

  /** Tells whether nothing is under way. Starts the work that is still to be done. */
  hasSettled(): boolean {
    return (
      this.isConnected &&
      this.outbox.unacknowledged === 0 &&
      this.twin?.hasReported() !== false &&
      this.inbox.answersUnsettled === 0
    );
  }
}
