import {
  arrayOf,
  checkedAt,
  oneOf,
  optional,
  readBoolean,
  readBytes,
  readCount,
  readDate,
  readFields,
  readJson,
  readNumber,
  readObject,
  readString,
  recordOf,
  StoredValueError,
  type Read,
} from '../../src/stored/read';
import type { JsonValue } from '../../src/protocol/json';

interface Device {
  readonly deviceId: string;
  readonly status: 'enabled' | 'disabled';
  readonly modelId: string | undefined;
}

const readDevice: Read<Device> = (value, path) => {
  const field = readFields(value, path);
  return {
    deviceId: field('deviceId', readString),
    status: field('status', oneOf(['enabled', 'disabled'])),
    modelId: field('modelId', optional(readString)),
  };
};

describe('what is read', () => {
  it('comes out typed and unchanged', () => {
    const devices = [
      { deviceId: 'pump-1', status: 'enabled' },
      { deviceId: 'pump-2', status: 'disabled', modelId: 'dtmi:a;1' },
    ];
    expect(readFields({ devices }, '')('devices', arrayOf(readDevice))).toEqual([
      { ...devices[0], modelId: undefined },
      devices[1],
    ]);
    expect(readDate('2030-01-31T12:00:00.1234567Z', '')).toEqual(new Date('2030-01-31T12:00:00.123Z'));
    expect(readDate('2030-01-31T12:00:00+01:00', '')).toEqual(new Date('2030-01-31T11:00:00Z'));
    expect(readBytes(Buffer.from([0, 255, 3]).toString('base64'), '')).toEqual(Buffer.from([0, 255, 3]));
    expect(readBytes('', '')).toEqual(Buffer.alloc(0));
    expect(readNumber(-0.5, '')).toBe(-0.5);
    expect(readJson(null, '')).toBeNull();
  });

  it('keeps a property called __proto__ a property', () => {
    const record = recordOf(readCount)(JSON.parse('{"__proto__":1,"b":2}') as JsonValue, '');
    expect(Object.entries(record)).toEqual([
      ['__proto__', 1],
      ['b', 2],
    ]);
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  });
});

describe('what is wrong is named by its path', () => {
  it.each<[string, JsonValue, string]>([
    ['a missing property', [{ status: 'enabled' }], 'devices[0].deviceId is missing (a string)'],
    ['a property of every object', [{}], 'devices[0].deviceId is missing (a string)'],
    [
      'a wrong type further down',
      [
        { deviceId: 'a', status: 'enabled' },
        { deviceId: 'b', status: 'enabled', modelId: 7 },
      ],
      'devices[1].modelId is not a string',
    ],
    [
      'null for what may be missing',
      [{ deviceId: 'a', status: 'enabled', modelId: null }],
      'devices[0].modelId is not a string',
    ],
    [
      'none of the choices',
      [{ deviceId: 'a', status: 'on' }],
      'devices[0].status is not one of "enabled", "disabled"',
    ],
    ['an object for a list', {}, 'devices is not a list'],
    ['a list for an object', [[]], 'devices[0] is not an object'],
  ])('%s', (_what, devices, message) => {
    const read = () => readFields({ devices }, '')('devices', arrayOf(readDevice));
    expect(read).toThrow(StoredValueError);
    expect(read).toThrow(message);
  });

  it.each<[string, Read<unknown>, JsonValue]>([
    ['true or false', readBoolean, 'true'],
    ['a number', readNumber, '1'],
    ['a whole number from 0', readCount, -1],
    ['a whole number from 0', readCount, 1.5],
    ['a whole number from 0', readCount, 2 ** 53],
    ['a time such as 2030-01-31T12:00:00.000Z', readDate, '2030-01-31'],
    ['a time such as 2030-01-31T12:00:00.000Z', readDate, '2030-99-31T12:00:00Z'],
    ['a time such as 2030-01-31T12:00:00.000Z', readDate, 0],
    ['Base64', readBytes, 'abc'],
    ['Base64', readBytes, 'ab-_'],
    ['an object', readObject, null],
  ])('what should be %s', (what, read, value) => {
    expect(() => read(value, 'x.y')).toThrow(`x.y is not ${what}`);
  });

  it('and quoted where the name reads like a path', () => {
    const read = recordOf(readCount);
    expect(() => read({ 'a.b': 'no' }, 'weights')).toThrow('weights["a.b"] is not a whole number from 0');
    expect(() => read({ 'hub-1': 'no' }, '')).toThrow('hub-1 is not a whole number from 0');
  });

  it('also when the check knows nothing of paths', () => {
    const refused = new RangeError('too large');
    const check = () =>
      checkedAt('a[0]', () => {
        throw refused;
      });
    expect(check).toThrow('a[0] is refused: too large');
    const inner = new StoredValueError('a[0].b', 'is wrong');
    expect(() =>
      checkedAt('a[0]', () => {
        throw inner;
      }),
    ).toThrow(inner);
  });
});
