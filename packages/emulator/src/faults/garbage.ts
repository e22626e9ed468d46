import { errorBody } from '../protocol/error-body';
import type { AnswerAction } from './action-types';

/** A body that is not JSON, like the answer of a proxy. */
export const NOT_JSON = '<html><body>502 Bad Gateway</body></html>';

/** The body of an answer of a fault. */
export function answerBody({ status, code, message, body }: AnswerAction): string {
  if (body !== undefined) return JSON.stringify(body);
  const isError = status >= 300 || code !== undefined || message !== undefined;
  return isError ? errorBody(code ?? status * 1000, message ?? 'Injected by a fault of the emulator.') : '';
}
