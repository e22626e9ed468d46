/* eslint-disable @typescript-eslint/no-require-imports --
   The SDK costs more than a hundred milliseconds and is loaded when a call first needs it. `require` is the one way
   to load it late that works from CommonJS, from bundlers and under Jest alike. */
import type * as DeviceSdk from 'azure-iot-device';
import type * as DeviceMqtt from 'azure-iot-device-mqtt';
import type * as Provisioning from 'azure-iot-provisioning-device';
import type * as ProvisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import type * as MqttBase from 'azure-iot-mqtt-base';
import type * as SecurityX509 from 'azure-iot-security-x509';
import type { MqttClient } from 'mqtt';
import type * as WebSocket from 'ws';

/** The official packages and the MQTT client, each loaded at its first use. */
export const load = {
  device: () => require('azure-iot-device') as typeof DeviceSdk,
  deviceMqtt: () => require('azure-iot-device-mqtt') as typeof DeviceMqtt,
  provisioning: () => require('azure-iot-provisioning-device') as typeof Provisioning,
  provisioningMqtt: () => require('azure-iot-provisioning-device-mqtt') as typeof ProvisioningMqtt,
  mqttBase: () => require('azure-iot-mqtt-base') as typeof MqttBase,
  securityX509: () => require('azure-iot-security-x509') as typeof SecurityX509,
  /** Without MQTT.js's own ways to connect and what they load, such as WebSockets. */
  mqttClient: () => require('mqtt/lib/client') as typeof MqttClient,
  webSocket: () => require('ws') as typeof WebSocket,
};

/** Loads packages one by one. The event loop turns between them, so that network traffic is answered meanwhile. */
export async function loadInTurns(packages: Iterable<() => unknown>): Promise<void> {
  for (const loadPackage of packages) {
    await new Promise((resolve) => setImmediate(resolve));
    loadPackage();
  }
}
