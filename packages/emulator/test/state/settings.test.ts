import { completeOptions, storedPorts } from '../../src/state/complete-options';
import { readSettings, writeSettings, type Settings } from '../../src/state/settings';
import type { JsonObject } from '../../src/protocol/json';
import type { EmulatorOptions } from 'azure-iot-emulator';

const stored: Settings = {
  idScope: '0ne00000001',
  hostName: 'gateway.example.org',
  port: 5001,
  sharedPorts: [],
  hubs: [
    { name: 'north', port: 5002 },
    { name: 'south', hostName: 'south.example.org', port: 5003, allocationWeight: 3, latencyMs: 0.5 },
  ],
  centralApplications: [{ name: 'central', idScope: '0ne00000002', port: 5004 }],
};
const shared: Settings = {
  ...stored,
  port: 0,
  sharedPorts: [8883, 8443],
  announcedPort: 18883,
  hubs: [{ name: 'north', port: 0 }],
  centralApplications: [{ name: 'central', idScope: '0ne00000002', port: 0 }],
};

describe('emulator.json', () => {
  it.each([
    ['a port for each', stored],
    ['shared ports', shared],
  ])('has the settings that stay, with %s', (_what, settings) => {
    const content = writeSettings(settings);
    expect(writeSettings(readSettings(content))).toEqual(content);
  });

  it('leaves out settings that are not decided', () => {
    expect(writeSettings(shared)).toEqual({
      idScope: '0ne00000001',
      hostName: 'gateway.example.org',
      sharedPorts: [8883, 8443],
      announcedPort: 18883,
      hubs: [{ name: 'north' }],
      centralApplications: [{ name: 'central', idScope: '0ne00000002' }],
    });
  });

  it.each<[string, JsonObject]>([
    ['idScope must be an ID scope such as 0ne00ABCDEF', { idScope: 'x' }],
    ['hostName must be a string', { hostName: null }],
    ['port must be a port', { port: 65536 }],
    ['sharedPorts must be a list', { sharedPorts: 8883 }],
    ['hubs[0].name is missing: it must be a string', { hubs: [{}] }],
    ['hubs[0] must be an object', { hubs: ['north'] }],
    ['hubs[0].port must be a port', { hubs: [{ name: 'a', port: '1' }] }],
    ['Option hubs names a hub twice.', { hubs: [{ name: 'a' }, { name: 'a' }] }],
    [
      'Option hubs[0].allocationWeight must be a whole number',
      { hubs: [{ name: 'a', allocationWeight: 0 }] },
    ],
    [
      'centralApplications[0].idScope is missing: it must be an ID scope',
      { centralApplications: [{ name: 'central' }] },
    ],
    ['idScope is used twice', { centralApplications: [{ name: 'central', idScope: '0ne00000001' }] }],
  ])('is refused with the message: %s', (message, change) => {
    expect(() => readSettings({ ...writeSettings(stored), ...change })).toThrow(message);
  });
});

describe('the combination of options and stored settings', () => {
  it('has all stored settings without options', () => {
    expect(completeOptions({}, stored)).toEqual({
      idScope: '0ne00000001',
      hostName: 'gateway.example.org',
      port: 5001,
      sharedPorts: [],
      hubs: stored.hubs,
      centralApplications: ['central'],
    });
  });

  it.each<[string, EmulatorOptions, EmulatorOptions]>([
    ['an ID scope', { idScope: '0ne00000009' }, { idScope: '0ne00000009' }],
    ['a host name', { hostName: 'localhost' }, { hostName: 'localhost' }],
    ['a port', { port: 6000 }, { port: 6000 }],
    ['a free port, which is the stored one', { port: 0 }, { port: 5001 }],
    [
      'what is not stored',
      { retryAfterSeconds: 0, host: '127.0.0.2' },
      { retryAfterSeconds: 0, host: '127.0.0.2' },
    ],
    [
      'hubs, of which each keeps what is not said of it',
      { hubs: ['south', { name: 'north', port: 6001 }, 'west'] },
      {
        hubs: [
          { name: 'south', hostName: 'south.example.org', port: 5003, allocationWeight: 3, latencyMs: 0.5 },
          { name: 'north', port: 6001 },
          { name: 'west', port: 0 },
        ],
      },
    ],
    [
      'something else for a hub',
      { hubs: [{ name: 'south', allocationWeight: 1, hostName: 'localhost' }] },
      { hubs: [{ name: 'south', hostName: 'localhost', port: 5003, allocationWeight: 1, latencyMs: 0.5 }] },
    ],
    [
      'shared ports, for which those of services are forgotten',
      { sharedPorts: [0] },
      {
        sharedPorts: [0],
        port: 0,
        hubs: [
          { name: 'north', port: 0 },
          { name: 'south', hostName: 'south.example.org', port: 0, allocationWeight: 3, latencyMs: 0.5 },
        ],
      },
    ],
  ])('has the given option instead of the stored one: %s', (_what, options, expected) => {
    expect(completeOptions(options, stored)).toMatchObject(expected);
  });

  it.each<[string, EmulatorOptions, EmulatorOptions]>([
    ['without options', {}, { sharedPorts: [8883, 8443], announcedPort: 18883 }],
    ['a free one is the stored one', { sharedPorts: [0, 0, 0] }, { sharedPorts: [8883, 8443, 0] }],
    ['others', { sharedPorts: [9000], announcedPort: 443 }, { sharedPorts: [9000], announcedPort: 443 }],
    ['none', { sharedPorts: [] }, { sharedPorts: [], port: 0 }],
    ['a port of its own for DPS', { port: 6000 }, { sharedPorts: [], port: 6000 }],
    ['a port of its own for a hub', { hubs: [{ name: 'north', port: 6001 }] }, { sharedPorts: [] }],
  ])('decides about shared ports: %s', (_what, options, expected) => {
    expect(completeOptions(options, shared)).toMatchObject(expected);
  });

  it('has the origin of each port, unless it was given', () => {
    expect([...storedPorts({}, stored)]).toEqual([
      [5001, 'port'],
      [5002, 'hubs[0].port'],
      [5003, 'hubs[1].port'],
      [5004, 'centralApplications[0].port'],
    ]);
    expect([
      ...storedPorts({ port: 5001, hubs: [{ name: 'north', port: 5002 }, 'south'] }, stored).keys(),
    ]).toEqual([5003, 5004]);
    expect([...storedPorts({ sharedPorts: [8443] }, shared)]).toEqual([[8883, 'sharedPorts[0]']]);
  });
});
