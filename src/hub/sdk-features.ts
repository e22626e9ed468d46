import type { DeviceTransport } from 'azure-iot-device';

/** The methods of the SDK's transport that switch a feature, and the topic filter that it subscribes to. */
const FEATURES = {
  cloudToDevice: {
    enable: 'enableC2D',
    disable: 'disableC2D',
    topic: /\/messages\/devicebound\/#$/,
    sdkTopic: 'message',
  },
  methods: {
    enable: 'enableMethods',
    disable: 'disableMethods',
    topic: /^\$iothub\/methods\/POST\/#$/,
    sdkTopic: 'method',
  },
  desiredProperties: {
    enable: 'enableTwinDesiredPropertiesUpdates',
    disable: 'disableTwinDesiredPropertiesUpdates',
    topic: /^\$iothub\/twin\/PATCH\/properties\/desired\/#$/,
    sdkTopic: undefined,
  },
} as const;

/** The topic filter of the answers to twin operations, which the SDK subscribes to at the first operation. */
const TWIN_ANSWERS = '$iothub/twin/res/#';

/** The messages of the hub that a program switches on and off. */
export type SwitchedFeature = keyof typeof FEATURES;

/** The features that need a subscription. Telemetry needs none. */
export type Feature = SwitchedFeature | 'twin';

/** The feature that a topic filter belongs to. */
export function featureOf(topic: string | undefined): Feature | undefined {
  if (topic === TWIN_ANSWERS) return 'twin';
  const names = Object.keys(FEATURES) as SwitchedFeature[];
  return topic === undefined ? undefined : names.find((name) => FEATURES[name].topic.test(topic));
}

/** Switches a feature on or off. Rejects when the hub refuses the subscription, or the connection is over. */
export async function switchFeature(
  transport: DeviceTransport,
  feature: SwitchedFeature,
  to: 'enable' | 'disable',
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    transport[FEATURES[feature][to]]((error?: Error) => {
      if (!error) {
        resolve();
        return;
      }
      forgetSubscription(transport, feature);
      reject(error);
    });
  });
}

/** The SDK counts a refused subscription as made, and would not ask for it again. */
function forgetSubscription(transport: DeviceTransport, feature: SwitchedFeature): void {
  const { sdkTopic } = FEATURES[feature];
  // A private member of the SDK's MQTT transports.
  const { _topics } = transport as { _topics?: Record<string, { subscribed: boolean }> };
  const topic = sdkTopic && _topics?.[sdkTopic];
  if (topic) topic.subscribed = false;
}
