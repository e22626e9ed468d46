import type { MqttClient } from '../client';

/** The return code of a CONNACK packet that refuses (MQTT 3.1.1, 3.2.2.3). */
type ConnectReturnCode = 1 | 2 | 3 | 4 | 5;

/** A refused CONNECT. */
export interface ConnectRefusal {
  readonly returnCode: ConnectReturnCode;
  /** The reason in the log. A CONNACK packet of MQTT 3.1.1 has no reason. */
  readonly reason: string;
}

/** A service's answer to CONNECT. */
export type ConnectVerdict =
  | { readonly returnCode: 0; readonly isSessionPresent: boolean; readonly client: MqttClient }
  | ConnectRefusal;

/** One condition under which a service refuses CONNECT. Services list theirs in `dps/connect` and `hub/connect`. */
export interface ConnectStep<Context> {
  readonly isRefused: (context: Context) => boolean;
  readonly returnCode: ConnectReturnCode | ((context: Context) => ConnectReturnCode);
  readonly reason: string;
}

/** The refusal of the first step that refuses. */
export function firstRefusal<Context>(
  steps: readonly ConnectStep<Context>[],
  context: Context,
): ConnectRefusal | undefined {
  const step = steps.find(({ isRefused }) => isRefused(context));
  if (step === undefined) return undefined;
  const { returnCode, reason } = step;
  return { returnCode: typeof returnCode === 'function' ? returnCode(context) : returnCode, reason };
}
