import { PacketIds } from '../../src/network/sdk-mqtt-client';

/* Packet identifiers of MQTT: 1 to 65,535, none of them for two messages at once. */

function take(ids: PacketIds, times: number): readonly (number | null)[] {
  return Array.from({ length: times }, () => ids.allocate());
}

test('packet identifiers begin again at 1 after 65,535', () => {
  const ids = new PacketIds(() => false);
  expect(take(ids, 65_537).slice(-3)).toEqual([65_535, 1, 2]);
  expect(ids.getLastAllocated()).toBe(2);
});

test('a packet identifier is not given out while a message has it', () => {
  const inUse = new Set([1, 2, 65_535]);
  const ids = new PacketIds((id) => inUse.has(id));
  expect(take(ids, 65_532).at(-1)).toBe(65_534);
  expect(ids.allocate()).toBe(3);
  inUse.delete(1);
  expect(take(ids, 65_532).at(-1)).toBe(1);
});

test('there is no packet identifier when all are in use', () => {
  expect(new PacketIds(() => true).allocate()).toBeNull();
});
