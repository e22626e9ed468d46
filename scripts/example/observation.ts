import { abortable } from '../../src/network/deadline';

/** Something was expected to be seen on the service side and was not. */
class ObservationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ObservationError';
  }
}

/** @throws ObservationError saying what was expected. */
export function expectThat(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new ObservationError(`Expected, but not observed: ${expectation}.`);
}

/** What emits an event of that name with one argument. */
export interface EventSource<Name extends string, Payload> {
  on(name: Name, listener: (payload: Payload) => void): unknown;
  off(name: Name, listener: (payload: Payload) => void): unknown;
}

/**
 * Calls `trigger`, and answers with the first event that it leads to and that `isExpected`. The listener is there
 * before the call, so nothing is missed.
 */
export async function nextEvent<Name extends string, Payload>(
  source: EventSource<Name, Payload>,
  name: Name,
  isExpected: (payload: Payload) => boolean,
  trigger: () => unknown,
  signal: AbortSignal,
): Promise<Payload> {
  let listener: ((payload: Payload) => void) | undefined;
  const seen = new Promise<Payload>((resolve) => {
    listener = (payload) => {
      if (isExpected(payload)) resolve(payload);
    };
    source.on(name, listener);
  });
  try {
    const [payload] = await abortable(Promise.all([seen, trigger()]), signal);
    return payload;
  } finally {
    if (listener) source.off(name, listener);
  }
}
