'use strict';
const { connectDevice } = require('azure-iot-x509');
// A program that sends has it anyway.
const { Message } = require('azure-iot-device');

async function connect(settings) {
  const { globalEndpoint, idScope, certFile, keyFile, keepAliveSeconds, listens, assignmentFile } = settings;
  const connection = await connectDevice({
    enrollment: 'hub-individual',
    globalEndpoint,
    idScope,
    certFile,
    keyFile,
    ...(keepAliveSeconds && { keepAliveSeconds }),
    ...(assignmentFile && { assignmentFile }),
  });
  const { client } = connection;
  if (listens) client.on('message', (message) => client.complete(message, () => undefined));
  return {
    send: (payload) => client.sendEvent(new Message(payload)),
    close: () => connection.close(),
  };
}

module.exports = { connect };
