import { isUtf8 } from 'node:buffer';
import { parseJson } from '../../protocol/json';
import type { TelemetryMessage } from '../messages/types';

/** The members `bodyEncoding` and `body`. */
function bodyMembers(body: Buffer): string {
  if (!isUtf8(body)) return `"bodyEncoding":"base64","body":"${body.toString('base64')}"`;
  const text = body.toString();
  if (parseJson(text) === undefined) return `"bodyEncoding":"utf-8","body":${JSON.stringify(text)}`;
  // Unparsed: parsing would round long numbers. Line breaks in valid JSON stand between its parts and never in them.
  return `"bodyEncoding":"json","body":${text.replaceAll(/[\r\n]/g, ' ')}`;
}

/**
 * A message as one line of JSON. `bodyEncoding` is the form of `body`: `json`, the value; `utf-8`, the text as a
 * string; `base64`, all other bytes. The body can be restored exactly, except for line breaks between the parts of
 * JSON.
 */
export function toJsonLine(message: TelemetryMessage): string {
  const { enqueuedTime, deviceId, moduleId, systemProperties, properties, body } = message;
  // JSON.stringify leaves out undefined members.
  const members = JSON.stringify({ enqueuedTime, deviceId, moduleId, systemProperties, properties });
  return `${members.slice(0, -1)},${bodyMembers(body)}}\n`;
}
