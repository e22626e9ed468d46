import type { ConnectionState, DeviceConnection } from 'azure-iot-x509';
import type { HubEmulator } from 'azure-iot-emulator';
import { DeviceTwin } from './device-twin';
import { Inbox } from './inbox';
import { Outbox } from './outbox';
import { happened } from './progress';

/** The parameters of a device. */
interface SoakDeviceInit {
  readonly id: string;
  readonly connection: DeviceConnection;
  /** Has DPS assign the device to this hub from now on. */
  readonly allow: (hub: HubEmulator) => void;
  /** Changes over to a new certificate, for kinds where that needs no certificate authority. */
  readonly renew: (() => Promise<void>) | undefined;
}

/** A device's program, and all that it did. */
export class SoakDevice {
  readonly id: string;
  readonly connection: DeviceConnection;
  readonly allow: SoakDeviceInit['allow'];
  readonly renew: SoakDeviceInit['renew'];
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly twin: DeviceTwin;
  /** All states that the connection has been in since the start. */
  readonly states: ConnectionState[] = [];
  /** The number of new assignments. */
  reprovisioned = 0;

  private constructor(init: SoakDeviceInit, inbox: Inbox, twin: DeviceTwin) {
    this.id = init.id;
    this.connection = init.connection;
    this.allow = init.allow;
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
      if (previous.assignedHub !== current.assignedHub) twin.doubtReported();
      happened();
    });
  }

  /** Listens to what the hub sends. */
  static async start(init: SoakDeviceInit): Promise<SoakDevice> {
    const { client } = init.connection;
    const inbox = new Inbox(client);
    return new SoakDevice(init, inbox, await DeviceTwin.start(client));
  }

  get isConnected(): boolean {
    return this.connection.state.status === 'connected';
  }

  /** Tells whether nothing is under way. Starts the work that is still to be done. */
  hasSettled(): boolean {
    return (
      this.isConnected &&
      this.outbox.unacknowledged === 0 &&
      this.twin.hasReported() &&
      this.inbox.answersUnsettled === 0
    );
  }
}
