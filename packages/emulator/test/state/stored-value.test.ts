import { exactOptional } from 'valibot';
import type { JsonValue } from 'azure-iot-emulator';
import { json, jsonObject, object } from '../../src/schemas/objects';
import type { Schema } from '../../src/schemas/problems';
import { boolean, count, listOf, number, oneOf, refined, text } from '../../src/schemas/values';
import {
  bytes,
  date,
  readStored,
  StoredValueError,
  timestamp,
  uniqueList,
} from '../../src/stored/stored-value';

const DEVICES = object({
  devices: listOf(
    object({ deviceId: text, status: oneOf(['enabled', 'disabled']), modelId: exactOptional(text) }),
  ),
});

describe('a stored value', () => {
  it('is returned typed and unchanged', () => {
    const devices = [
      { deviceId: 'pump-1', status: 'enabled' },
      { deviceId: 'pump-2', status: 'disabled', modelId: 'dtmi:a;1' },
    ];
    expect(readStored(DEVICES, { devices })).toEqual({ devices });
    expect(readStored(timestamp, '2030-01-31T12:00:00.1234567Z')).toBe('2030-01-31T12:00:00.1234567Z');
    expect(readStored(date, '2030-01-31T12:00:00.1234567Z')).toEqual(new Date('2030-01-31T12:00:00.123Z'));
    expect(readStored(date, '2030-01-31T12:00:00+01:00')).toEqual(new Date('2030-01-31T11:00:00Z'));
    expect(readStored(bytes, Buffer.from([0, 255, 3]).toString('base64'))).toEqual(Buffer.from([0, 255, 3]));
    expect(readStored(bytes, '')).toEqual(Buffer.alloc(0));
    expect(readStored(json, null)).toBeNull();
  });

  it('keeps a property called __proto__', () => {
    const value = JSON.parse('{"__proto__":1,"b":2}') as JsonValue;
    expect(Object.entries(readStored(jsonObject, value))).toEqual([
      ['__proto__', 1],
      ['b', 2],
    ]);
  });

  it.each<[string, JsonValue, string]>([
    ['a missing property', [{ status: 'enabled' }], 'devices[0].deviceId is missing: it must be a string'],
    [
      'a wrong type further down',
      [
        { deviceId: 'a', status: 'enabled' },
        { deviceId: 'b', status: 'enabled', modelId: 7 },
      ],
      'devices[1].modelId must be a string',
    ],
    [
      'null for an optional property',
      [{ deviceId: 'a', status: 'enabled', modelId: null }],
      'devices[0].modelId must be a string',
    ],
    [
      'none of the choices',
      [{ deviceId: 'a', status: 'on' }],
      'devices[0].status must be one of "enabled", "disabled"',
    ],
    ['an object for a list', {}, 'devices must be a list'],
    ['a list for an object', [[]], 'devices[0] must be an object'],
  ])('is refused with the path of %s', (_what, devices, message) => {
    const read = () => readStored(DEVICES, { devices });
    expect(read).toThrow(StoredValueError);
    expect(read).toThrow(message);
  });

  it.each<[string, Schema<unknown>, JsonValue]>([
    ['true or false', boolean, 'true'],
    ['a number from 0 to 10', number(0, 10), '1'],
    ['a number from 0 to 10', number(0, 10), 10.5],
    ['a whole number from 0', count, -1],
    ['a whole number from 0', count, 1.5],
    ['a whole number from 0', count, 2 ** 53],
    ['a time such as 2030-01-31T12:00:00.000Z', date, '2030-01-31'],
    ['a time such as 2030-01-31T12:00:00.000Z', date, '2030-99-31T12:00:00Z'],
    ['a time such as 2030-01-31T12:00:00.000Z', date, 0],
    ['Base64', bytes, 'abc'],
    ['Base64', bytes, 'ab-_'],
    ['an object', jsonObject, null],
  ])('is refused if it is not %s', (what, schema, value) => {
    expect(() => readStored(schema, value, 'x.y')).toThrow(`x.y must be ${what}`);
  });

  it('is refused with a quoted name where the name reads like a path', () => {
    expect(() => readStored(object({ 'a.b': count }), { 'a.b': 'no' }, 'weights')).toThrow(
      'weights["a.b"] must be a whole number from 0',
    );
    expect(() => readStored(object({ 'hub-1': count }), { 'hub-1': 'no' })).toThrow(
      'hub-1 must be a whole number from 0',
    );
  });

  it('is refused with the message of a check that throws', () => {
    const check = refined(text, () => {
      throw new RangeError('too large');
    });
    expect(() => readStored(listOf(check), ['x'], 'a')).toThrow('a[0] is refused: too large');
  });

  it('is refused with an ID that is used twice in a list', () => {
    const list = uniqueList(object({ name: text }), ({ name }) => name);
    expect(() => readStored(list, [{ name: 'a' }, { name: 'b' }, { name: 'a' }], 'hubs')).toThrow(
      'hubs[2] has the ID of another one: a',
    );
  });
});
