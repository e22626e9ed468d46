'use strict';
// The same exchange with nothing but MQTT.js, and with no regard for failures: the floor.
const { readFileSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const { URLSearchParams } = require('node:url');
const { connect } = require('mqtt');

const opened = (client) =>
  new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', reject);
  });
const ended = (client) => new Promise((resolve) => client.end(resolve));
const subscribed = (client, topic) =>
  new Promise((resolve, reject) => {
    client.subscribe(topic, { qos: 1 }, (error) => (error ? reject(error) : resolve()));
  });
const published = (client, topic, payload) =>
  new Promise((resolve, reject) => {
    client.publish(topic, payload, { qos: 1 }, (error) => (error ? reject(error) : resolve()));
  });

/** Asks DPS; answers its answer. */
const asked = (client, topic, payload) =>
  new Promise((resolve, reject) => {
    client.once('message', (answerTopic, body) => {
      const [, status, query] = /^\$dps\/registrations\/res\/(\d+)\/\?(.*)$/.exec(answerTopic) ?? [];
      const retryAfter = Number(new URLSearchParams(query).get('retry-after') ?? 2);
      resolve({ status: Number(status), retryAfter, body: JSON.parse(body.toString()) });
    });
    client.publish(topic, payload, { qos: 1 }, (error) => error && reject(error));
  });

async function register({ globalEndpoint, idScope, registrationId }, tls) {
  const client = await opened(
    connect(`mqtts://${globalEndpoint}`, {
      ...tls,
      clientId: registrationId,
      username: `${idScope}/registrations/${registrationId}/api-version=2019-03-31`,
    }),
  );
  await subscribed(client, '$dps/registrations/res/#');
  let answer = await asked(
    client,
    '$dps/registrations/PUT/iotdps-register/?$rid=1',
    JSON.stringify({ registrationId }),
  );
  while (answer.status === 202) {
    await setTimeout(answer.retryAfter * 1000);
    const { operationId } = answer.body;
    const topic = `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${operationId}`;
    answer = await asked(client, topic, '');
  }
  await ended(client);
  const { registrationState } = answer.body;
  if (registrationState?.status !== 'assigned') throw new Error(JSON.stringify(answer.body));
  return registrationState;
}

async function connectDevice(settings) {
  const { certFile, keyFile, registrationId, keepAliveSeconds, listens } = settings;
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const { assignedHub, deviceId } = settings.assignedHub
    ? { assignedHub: settings.assignedHub, deviceId: registrationId }
    : await register(settings, tls);
  const client = await opened(
    connect(`mqtts://${assignedHub}`, {
      ...tls,
      clientId: deviceId,
      username: `${assignedHub}/${deviceId}/?api-version=2021-04-12`,
      ...(keepAliveSeconds && { keepalive: keepAliveSeconds }),
    }),
  );
  if (listens) await subscribed(client, `devices/${deviceId}/messages/devicebound/#`);
  const topic = `devices/${deviceId}/messages/events/`;
  return {
    send: (payload) => published(client, topic, payload),
    close: () => ended(client),
  };
}

module.exports = { connect: connectDevice };
