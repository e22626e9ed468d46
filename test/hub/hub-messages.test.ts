import { filterHubMessage } from '../../src/hub/sdk-messages';

/* The SDK takes messages apart where nobody can catch what it throws: each of these would end the process. */

const filter = (topic: string, payload = '') => filterHubMessage(topic, Buffer.from(payload));
const response = (status: number) => `$iothub/twin/res/${status}/?$rid=1`;

test.each([
  ['desired properties that are no JSON', '$iothub/twin/PATCH/properties/desired/?$version=2', '<html>'],
  ['desired properties that are no object', '$iothub/twin/PATCH/properties/desired/?$version=2', '[1]'],
  ['a twin that is no JSON', response(200), '{'],
  ['a twin without its sections', response(200), '{"desired":{}}'],
  ['an empty twin', response(200), ''],
  ['a method call without a request ID', '$iothub/methods/POST/reboot/?', '{}'],
  ['a method call with two request IDs', '$iothub/methods/POST/reboot/?$rid=1&$rid=2', '{}'],
])('%s from the hub violates the protocol', (_what, topic, payload) => {
  expect(() => filter(topic, payload)).toThrow();
});

test('a twin nested deeper than any stack is refused, brackets in a text are not', () => {
  const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`;
  expect(() => filter('$iothub/twin/PATCH/properties/desired/?$version=2', deep)).toThrow();
  const text = JSON.stringify({ desired: {}, reported: { log: `${'['.repeat(1000)}"\\{` } });
  expect(filter(response(200), text)?.payload.toString()).toBe(text);
});

test.each([
  ['an unknown topic', 'somebody/else'],
  ['a method call without a name', '$iothub/methods/POST/?$rid=1'],
])('%s is kept from the SDK', (_what, topic) => {
  expect(filter(topic, '{}')).toBeUndefined();
});

test.each([
  ['$iothub/twin/PATCH/properties/desired/?$version=2', '{"a":1,"$version":2}'],
  [response(200), '{"desired":{"$version":1},"reported":{"$version":1}}'],
  ['$iothub/methods/POST/reboot/?$rid=a1', ''],
  ['devices/dev-1/messages/devicebound/%24.mid=1&room=12', 'anything at all'],
])('a message of the hub on %s passes unchanged', (topic, payload) => {
  expect(filter(topic, payload)).toEqual({ topic, payload: Buffer.from(payload) });
});

test.each([
  [429, '{"errorCode":429001,"message":"Throttled"}'],
  [500, ''],
  [400, 'not JSON'],
])('the SDK takes a twin operation that failed with %d for a failure, whatever its body', (status, body) => {
  const seen = JSON.parse(filter(response(status), body)?.payload.toString() ?? '') as {
    errorCode: number;
    message: string;
  };
  expect(seen.errorCode).toBe(status);
  expect(JSON.parse(seen.message)).toEqual({ status, body });
});

test.each([
  ['%24.mid=1&broken=%E0%A4%A', '%24.mid=1&broken=%25E0%25A4%25A'],
  ['flag&empty=', 'flag=&empty='],
  ['a=1/', 'a=1'],
  ['', ''],
])('the property bag %p can be decoded', (bag, safe) => {
  expect(filter(`devices/dev-1/messages/devicebound/${bag}`)?.topic).toBe(
    `devices/dev-1/messages/devicebound/${safe}`,
  );
});
