import { startEmulator, type EmulatorOptions } from 'azure-iot-emulator';

/* Options of file uploads and of the port that is announced. */

test.each<[what: string, option: string, options: object]>([
  ['a directory that is empty', 'fileUploads.directory', { fileUploads: { directory: '' } }],
  ['a directory that is a number', 'fileUploads.directory', { fileUploads: { directory: 7 } }],
  ['a directory with a null character', 'fileUploads.directory', { fileUploads: { directory: 'a\0b' } }],
  ['no room at all', 'fileUploads.maxBytes', { fileUploads: { maxBytes: 0 } }],
  ['room that is not a number of bytes', 'fileUploads.maxBytes', { fileUploads: { maxBytes: 1.5 } }],
  ['no time for an upload', 'fileUploads.sasTtlSeconds', { fileUploads: { sasTtlSeconds: 0 } }],
  ['more than a day for an upload', 'fileUploads.sasTtlSeconds', { fileUploads: { sasTtlSeconds: 86_401 } }],
  ['options that are none', 'fileUploads', { fileUploads: 'uploads' }],
  ['a port to announce without shared ports', 'announcedPort', { announcedPort: 8883 }],
  ['a port to announce that is none', 'announcedPort', { announcedPort: 65_536, sharedPorts: [0] }],
  ['port 0 to announce', 'announcedPort', { announcedPort: 0, sharedPorts: [0] }],
])('startEmulator refuses %s', async (_what, option, options) => {
  // As a caller in JavaScript may give them.
  await expect(startEmulator(options as EmulatorOptions)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    problems: [{ option }],
  });
});

test('Host names carry the announced port, and none if it is 8883', async () => {
  await using mapped = await startEmulator({ sharedPorts: [0], announcedPort: 18_883 });
  expect(mapped.globalEndpoint).toBe('localhost:18883');
  expect(mapped.hubs[0]?.hostName).toBe('hub-1.localhost:18883');
  await using bare = await startEmulator({ sharedPorts: [0, 0], announcedPort: 8883 });
  expect(bare.globalEndpoint).toBe('localhost');
  expect(bare.hubs[0]?.hostName).toBe('hub-1.localhost');
  expect(new Set(bare.sharedPorts).size).toBe(2);
  await using own = await startEmulator();
  expect(own.sharedPorts).toEqual([]);
});
