import type { DpsEmulator, RegistrationRecord } from '../dps/types/dps';
import type { HubEmulator } from '../hub/types';
import type { RestartAction, ServiceAction } from './action-types';
import type { ActiveFault } from './active-fault';
import type { FaultServices, NamedService } from './services';

/** The fault, service and device of an action. */
export interface Subject {
  readonly fault: ActiveFault;
  readonly service: NamedService | undefined;
  readonly device: string | undefined;
}

/** The hub and identity of a device. */
interface Place {
  readonly hub: HubEmulator;
  readonly deviceId: string;
  readonly moduleId: string | undefined;
}

const SERVICE_KINDS: readonly string[] = [
  'disconnect',
  'disable',
  'delete',
  'move',
  'restart',
] satisfies ServiceAction['kind'][];

/** Tells whether the service itself performs the action. */
export function isServiceAction(action: { readonly kind: string }): action is ServiceAction {
  return SERVICE_KINDS.includes(action.kind);
}

/** Performs the actions of services: disconnect, disable, delete, move, restart. */
export class ServiceActions {
  readonly #services: FaultServices;
  #isClosed = false;

  constructor(services: FaultServices) {
    this.#services = services;
  }

  /** Performs or begins the action. Never throws. */
  run(action: ServiceAction, subject: Subject): void {
    void this.#run(action, subject).catch((error: unknown) => {
      subject.fault.warn(`could not ${action.kind}`, error);
    });
  }

  /** Closes the actions. No stopped service is started again. */
  close(): void {
    this.#isClosed = true;
  }

  async #run(action: ServiceAction, subject: Subject): Promise<void> {
    switch (action.kind) {
      case 'disconnect': {
        const { hub, deviceId, moduleId } = this.#place(subject);
        hub.disconnectDevice({ deviceId, ...(moduleId !== undefined && { moduleId }) });
        return;
      }
      case 'disable': {
        const { hub, deviceId } = this.#place(subject);
        hub.devices.disable(deviceId);
        return;
      }
      case 'delete': {
        const { hub, deviceId, moduleId } = this.#place(subject);
        if (moduleId === undefined) hub.devices.delete(deviceId);
        else hub.modules.delete(deviceId, moduleId);
        return;
      }
      case 'move': {
        this.#move(action.to, subject);
        return;
      }
      case 'restart': {
        await this.#restart(action, subject);
      }
    }
  }

  #move(to: string, subject: Subject): void {
    const { instances } = this.#services.init;
    const registration = this.#registration(subject);
    const registrationId = registration?.registrationId ?? subject.device ?? '';
    const group = registration?.enrollmentGroupId;
    const instance = instances.find(({ individualEnrollments, enrollmentGroups }) =>
      group === undefined
        ? individualEnrollments.get(registrationId) !== undefined
        : enrollmentGroups.get(group) !== undefined,
    );
    if (instance === undefined) throw new Error(`${registrationId} has no enrollment.`);
    if (group === undefined) instance.individualEnrollments.update(registrationId, { iotHubs: [to] });
    else instance.enrollmentGroups.update(group, { iotHubs: [to] });
    const place = this.#findPlace(subject);
    if (place !== undefined && place.hub.name !== to) place.hub.devices.disable(place.deviceId);
  }

  async #restart({ service, downMs }: RestartAction, subject: Subject): Promise<void> {
    const target = service === undefined ? subject.service : this.#services.named(service);
    if (target === undefined) throw new Error('The service is not known.');
    await target.listening.stop('hub-stopped');
    await this.#pause(downMs, subject.fault);
    if (!this.#isClosed) await target.listening.start();
  }

  #pause(ms: number, fault: ActiveFault): Promise<void> {
    return new Promise((resolve) => {
      let release = (): void => undefined;
      const end = (): void => {
        clearTimeout(timer);
        resolve();
        release();
      };
      const timer = setTimeout(end, ms);
      release = fault.hold(end);
    });
  }

  #place(subject: Subject): Place {
    const place = this.#findPlace(subject);
    if (place === undefined) throw new Error(`${subject.device ?? 'The device'} has no hub.`);
    return place;
  }

  #findPlace(subject: Subject): Place | undefined {
    const { service, device } = subject;
    if (service?.hub !== undefined) {
      const [deviceId = '', moduleId] = (device ?? '').split('/');
      return { hub: service.hub, deviceId, moduleId };
    }
    const { assignedHub, deviceId } = this.#registration(subject) ?? {};
    const { services } = this.#services.init;
    const hub = services.find((candidate) => candidate.hub?.hostName === assignedHub)?.hub;
    return hub === undefined || deviceId === undefined ? undefined : { hub, deviceId, moduleId: undefined };
  }

  /** The device's registration, if it has registered. */
  #registration({ service, device = '' }: Subject): RegistrationRecord | undefined {
    const { instances } = this.#services.init;
    const find = ({ registrations }: DpsEmulator): RegistrationRecord | undefined => {
      if (service?.hub === undefined) return registrations.get(device);
      const { hostName } = service.hub;
      const [deviceId] = device.split('/');
      return registrations
        .list()
        .find((record) => record.assignedHub === hostName && record.deviceId === deviceId);
    };
    for (const instance of instances) {
      const record = find(instance);
      if (record !== undefined) return record;
    }
    return undefined;
  }
}
