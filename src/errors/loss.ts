import type { ServiceName } from 'azure-iot-certificates';
import { duration } from './text';
import type { Explanation } from './errors';
import type { LossFacts } from './wire-error';

/** What is known about a connection that the other side has ended. */
interface Loss {
  readonly host: string;
  readonly service: ServiceName;
  readonly facts: LossFacts;
  /** True if the other side reset it, which firewalls and proxies do more often than services. */
  readonly isReset: boolean;
  /** The number of connections in a row, this one included, that have ended soon after they were made. */
  readonly shortLived: number;
}

/** A possible cause. The larger the weight, the more probable the cause; without weight it is left out. */
interface Cause {
  readonly words: string;
  readonly weight: (loss: Loss) => number;
}

/** A message that was sent this long before the end, in milliseconds, may be its cause. */
const RECENT_MS = 5_000;
/** A connection that lived longer than this, in milliseconds, was a good one. */
const LONG_MS = 60_000;
/** So many messages without acknowledgement are more than an application sends by the way. */
const MANY_MESSAGES = 50;

const isAfterMessage = ({ facts: { sinceMessageMs = Infinity, unacknowledged } }: Loss): boolean =>
  unacknowledged > 0 || sinceMessageMs <= RECENT_MS;
const isRepeated = ({ shortLived }: Loss): boolean => shortLived > 1;

const FIREWALL = 'a firewall or proxy in between does not let MQTT pass (transport "mqtt-ws" may)';

/** The causes of the end of a connection that was made. */
const CONNECTED: readonly Cause[] = [
  {
    words:
      'the hub does not offer the feature that was being subscribed to (a hub of the tier Basic has no cloud-to-device messages, direct methods or twin)',
    weight: ({ facts: { subscribing } }) => (subscribing === undefined ? 0 : 9),
  },
  {
    words:
      'requests are being throttled because too many come at once (Azure portal > your IoT hub > Metrics > Throttling errors)',
    weight: (loss) => (isAfterMessage(loss) ? (loss.facts.unacknowledged >= MANY_MESSAGES ? 8 : 3) : 0),
  },
  {
    words:
      'the daily quota of messages is used up (Azure portal > your IoT hub > Overview), which starts again at 00:00 UTC',
    weight: (loss) => (isAfterMessage(loss) ? (isRepeated(loss) ? 6 : 4) : 0),
  },
  {
    words:
      'the hub does not accept the message that was sent last: its size, its properties, or its content type and encoding',
    weight: (loss) => (isAfterMessage(loss) ? 5 : 0),
  },
  {
    words:
      'a second client connects with the identity of this device (another process, or a second device with the same certificate)',
    weight: (loss) => {
      const base = isAfterMessage(loss) || loss.facts.subscribing !== undefined ? 2 : 5;
      return base + (isRepeated(loss) ? 2 : 0);
    },
  },
  {
    words: 'the network in between has changed, or ends connections that are idle',
    weight: ({ facts: { livedMs = 0 }, isReset }) => (livedMs > LONG_MS ? 6 : 1) + (isReset ? 1 : 0),
  },
  {
    words: 'the hub is being moved or maintained, which is over soon',
    weight: ({ facts: { livedMs = 0 } }) => (livedMs > LONG_MS ? 4 : 1),
  },
];

/** The causes of the end of a connection before the service has answered, by the service. */
const UNANSWERED: readonly Cause[] = [
  {
    words: 'the service refuses the certificate of the device without saying so',
    weight: ({ facts: { stage } }) => (stage === 'upgrade' ? 2 : 4),
  },
  {
    words: 'the device is disabled or deleted, or has another certificate there',
    weight: ({ facts: { stage }, service }) => (stage === 'connack' && service === 'hub' ? 3 : 0),
  },
  { words: FIREWALL, weight: ({ isReset, facts: { stage } }) => (isReset && stage === 'tls' ? 5 : 2) },
  { words: 'the server at this endpoint and port is another one', weight: () => 1 },
];

/** The causes of the end of a connection to DPS before it has answered the registration. */
const REGISTERING: readonly Cause[] = [
  { words: 'the service is busy or being maintained, which is over soon', weight: () => 3 },
  {
    words: 'another process registers the same device at the same time',
    weight: (loss) => (isRepeated(loss) ? 4 : 2),
  },
  { words: 'the server at this endpoint is no Device Provisioning Service', weight: () => 1 },
];

/** The explanation of a connection that the other side has ended without a reason. The causes are only probable. */
export function explainLoss(loss: Loss): Explanation {
  const { host, service, facts, isReset } = loss;
  const ended = isReset ? 'reset' : 'ended';
  const causes = facts.stage !== undefined ? UNANSWERED : service === 'hub' ? CONNECTED : REGISTERING;
  const probable = causes
    .map(({ words, weight }) => ({ words, weight: weight(loss) }))
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ words }, index) => `(${index + 1}) ${words}`);
  return {
    code: 'CONNECTION_LOST',
    message: `${host} ${ended} the connection${circumstances(loss)}.`,
    remedy: `Try again. If it happens again, the probable causes are, the most probable first: ${probable.join('; ')}.`,
    isTransient: true,
  };
}

const WAITING: Readonly<Partial<Record<NonNullable<LossFacts['stage']>, string>>> = {
  tls: ' during the TLS handshake',
  upgrade: ' instead of answering the WebSocket handshake',
  connack: ' instead of answering the MQTT CONNECT packet',
};

function circumstances(loss: Loss): string {
  const { stage, sinceMessageMs, unacknowledged, subscribing, livedMs } = loss.facts;
  if (stage !== undefined) return WAITING[stage] ?? '';
  const lived = livedMs === undefined ? '' : `, ${duration(livedMs)} after it was made`;
  if (subscribing !== undefined)
    return ` instead of acknowledging the subscription to ${subscribing}${lived}`;
  if (unacknowledged > 1)
    return ` while ${unacknowledged} messages were waiting for their acknowledgement${lived}`;
  if (unacknowledged === 1) return ` instead of acknowledging a message${lived}`;
  if (sinceMessageMs !== undefined && sinceMessageMs <= RECENT_MS)
    return ` ${duration(sinceMessageMs)} after a message${lived}`;
  return lived;
}
