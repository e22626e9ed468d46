'use strict';
/*
 * A device's program that sends until the soak kills it, or lets go of it: then it closes its connection and ends. Its
 * arguments: the options of the connection as JSON, and the number of its first message.
 */

const { createHash } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');
const { connectDevice } = require('azure-iot-x509');
const { Message } = require('azure-iot-device');

const [, , options, firstNumber] = process.argv;
const PAUSE_MS = 5;

/** After it has let go of the program, the soak wants to hear nothing. */
function report(message) {
  if (process.connected) process.send(message, () => undefined);
}

async function main() {
  const connection = await connectDevice(JSON.parse(options));
  report({ isConnected: true });
  let isOver = !process.connected;
  process.once('disconnect', () => {
    isOver = true;
  });
  for (let number = Number(firstNumber); !isOver; number += 1) {
    const body = `message ${number}`;
    const message = new Message(body);
    message.properties.add('number', String(number));
    message.properties.add('digest', createHash('sha256').update(body).digest('hex').slice(0, 16));
    connection.client.sendEvent(message).then(
      () => report({ acknowledged: number }),
      (error) => report({ failure: String(error) }),
    );
    await sleep(PAUSE_MS);
  }
  await connection.close();
}

main().catch((error) => {
  console.error(String(error));
  process.exitCode = 1;
});
