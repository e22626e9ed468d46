'use strict';
// As Microsoft's sample does it: register with DPS, then open a client to the assigned hub.
const { readFileSync } = require('node:fs');
const { Mqtt: ProvisioningTransport } = require('azure-iot-provisioning-device-mqtt');
const { Mqtt: HubTransport } = require('azure-iot-device-mqtt');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { X509Security } = require('azure-iot-security-x509');
const { Client, Message } = require('azure-iot-device');

async function connect(settings) {
  const { globalEndpoint, idScope, registrationId, certFile, keyFile, keepAliveSeconds, listens } = settings;
  const x509 = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  const provisioning = ProvisioningDeviceClient.create(
    globalEndpoint,
    idScope,
    new ProvisioningTransport(),
    new X509Security(registrationId, x509),
  );
  const { assignedHub, deviceId } = await provisioning.register();
  const client = Client.fromConnectionString(
    `HostName=${assignedHub};DeviceId=${deviceId};x509=true`,
    HubTransport,
  );
  await client.setOptions({ ...x509, ...(keepAliveSeconds && { keepalive: keepAliveSeconds }) });
  await client.open();
  if (listens) client.on('message', (message) => client.complete(message, () => undefined));
  return {
    send: (payload) => client.sendEvent(new Message(payload)),
    close: () => client.close(),
  };
}

module.exports = { connect };
