import { ProvisioningError, type ConnectionState, type DeviceError } from 'azure-iot-x509';
import { befall, type Chaos } from './chaos';
import { until } from './progress';

/** The largest number of refusals in a row. */
const MAX_REFUSALS = 10;
/** Longer than the back-off takes for them. */
const REFUSALS_MS = 15_000;
/** The states that end a series of refusals. */
const ENDS: readonly ConnectionState['status'][] = ['connected', 'closed'];
/** The messages that have to arrive while features are refused, and the time for them. */
const MESSAGES_WITHOUT_FEATURES = 20;
const WITHOUT_FEATURES_MS = 15_000;

/** Refusals go on for several rounds of the back-off. Then the device has to come back by itself. */
export async function refuse(chaos: Chaos, { alsoByDps }: { alsoByDps: boolean }): Promise<boolean> {
  const { dice, refusals } = chaos;
  return befall(chaos.placed(), async ({ device, hub }) => {
    const wanted = dice.between(1, MAX_REFUSALS);
    const before = device.states.length;
    const since = (): readonly ConnectionState[] => device.states.slice(before);
    if (alsoByDps) device.change({ provisioningStatus: 'disabled' });
    hub.devices.disable(device.id);
    await until(
      () => countRefusals(since()) >= wanted || since().some(({ status }) => ENDS.includes(status)),
      REFUSALS_MS,
    );
    const refused = countRefusals(since());
    if (refused > 0) refusals.push(refused);
    device.change({ provisioningStatus: 'enabled' });
    if (hub.devices.get(device.id) !== undefined) hub.devices.enable(device.id);
    // A device behind a stalled connection may not have noticed anything.
    if (refused >= wanted) await chaos.timeReturn([device]);
  });
}

/** The ways in which a hub refuses features. */
const WAYS = [
  { action: { kind: 'refuse' }, times: 1, maxSkip: 2 },
  { action: { kind: 'refuse' }, times: Infinity, maxSkip: 0 },
  { action: { kind: 'close' }, times: Infinity, maxSkip: 0 },
] as const;

/** A hub that refuses one or all subscriptions, or drops who subscribes, still takes telemetry. */
export async function refuseFeatures(chaos: Chaos): Promise<boolean> {
  const { dice, world, refusedFeatures } = chaos;
  const { action, times, maxSkip } = dice.pick(WAYS) ?? WAYS[0];
  const skip = dice.between(0, maxSkip);
  return befall(chaos.movable(), async ({ device, hub, next }) => {
    const arrived = (): number => world.ledger.arrived.get(device.id)?.size ?? 0;
    const [arrivedBefore, statesBefore] = [arrived(), device.states.length];
    const fault = world.emulator.faults.add({ at: 'subscribe', device: device.id, times, skip, action });
    hub.disconnectDevice(device.id);
    const hasTelemetry = (): boolean =>
      fault.hits > 0 && arrived() >= arrivedBefore + MESSAGES_WITHOUT_FEATURES;
    const isSaid = (): boolean => device.states.slice(statesBefore).some(isWarning);
    await until(() => hasTelemetry() && isSaid(), WITHOUT_FEATURES_MS);
    refusedFeatures.push({ hasTelemetry: hasTelemetry(), isSaid: isSaid() });
    fault.remove();
    // What was refused is wanted again on the next connection, or at the next hub if the last one dropped the device.
    device.change({ iotHubs: [next.name] });
    await chaos.countFailure('reprovision() failed', device.connection.reprovision());
  });
}

function isWarning(state: ConnectionState): boolean {
  return state.status === 'connected' && state.warning !== undefined;
}

/** Counts the refused attempts. */
export function countRefusals(states: readonly ConnectionState[]): number {
  return states.filter(
    (state) => state.status === 'reconnecting' && state.nextAttemptAt !== undefined && isRefusal(state.error),
  ).length;
}

function isRefusal(error: DeviceError): boolean {
  return error.code === 'UNAUTHORIZED' || (error instanceof ProvisioningError && !error.isTransient);
}
