import { once } from 'node:events';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import type { TelemetryMessage } from 'azure-iot-emulator';
import { dpsUsername, hubUsername } from './support/clients';
import { useEmulator } from './support/emulator';
import { INDEPENDENT_CLIENTS, type IndependentClient } from './support/independent-clients';

const context = useEmulator();

describe.each(Object.entries(INDEPENDENT_CLIENTS))('the client library %s', (name, connect) => {
  const deviceId = name.replaceAll(' ', '-').toLowerCase();
  let identity: IssuedCertificate;

  beforeAll(async () => {
    identity = await createSelfSignedCertificate({ commonName: deviceId });
    context.emulator.dps.individualEnrollments.create({
      registrationId: deviceId,
      primaryCertificate: identity.certificate,
    });
  });

  const connectToDps = (): Promise<IndependentClient> => {
    const { emulator } = context;
    const username = dpsUsername(emulator.idScope, deviceId);
    return connect({ emulator, endpoint: emulator.globalEndpoint, identity, clientId: deviceId, username });
  };
  const connectToHub = (isClean = true): Promise<IndependentClient> => {
    const { emulator, hub } = context;
    const username = hubUsername(hub, deviceId);
    return connect({ emulator, endpoint: hub.hostName, identity, clientId: deviceId, username, isClean });
  };

  it('registers with 202 assigning and then 200 assigned', async () => {
    await using dps = await connectToDps();
    await dps.subscribe('$dps/registrations/res/#');
    await dps.publish(
      '$dps/registrations/PUT/iotdps-register/?$rid=a1',
      JSON.stringify({ registrationId: deviceId }),
    );
    const accepted = await dps.receive('$dps/registrations/res/');
    expect(accepted.topic).toBe('$dps/registrations/res/202/?$rid=a1&retry-after=0');
    const { operationId, status } = JSON.parse(accepted.body) as { operationId: string; status: string };
    expect(status).toBe('assigning');

    const poll = `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=a2&operationId=${operationId}`;
    await dps.publish(poll, ' ');
    const assigning = await dps.receive('$dps/registrations/res/');
    expect(assigning.topic).toBe('$dps/registrations/res/202/?$rid=a2&retry-after=0');
    await dps.publish(poll, '');
    const assigned = await dps.receive('$dps/registrations/res/');
    expect(assigned.topic).toBe('$dps/registrations/res/200/?$rid=a2');
    expect(JSON.parse(assigned.body)).toMatchObject({
      operationId,
      status: 'assigned',
      registrationState: { registrationId: deviceId, deviceId, assignedHub: context.hub.hostName },
    });
  });

  it('sends telemetry with properties', async () => {
    const received = once(context.hub, 'telemetry');
    await using hub = await connectToHub();
    await hub.publish(`devices/${deviceId}/messages/events/%24.ct=application%2Fjson&level=high`, '{"t":21}');
    const [message] = (await received) as [TelemetryMessage];
    expect(message).toMatchObject({
      deviceId,
      properties: { level: 'high' },
      systemProperties: { contentType: 'application/json' },
    });
    expect(message.body.toString()).toBe('{"t":21}');
  });

  it('reads its twin, reports properties, and gets desired properties', async () => {
    await using hub = await connectToHub();
    await hub.subscribe('$iothub/twin/res/#');
    await hub.subscribe('$iothub/twin/PATCH/properties/desired/#');
    await hub.publish('$iothub/twin/PATCH/properties/reported/?$rid=r1', '{"firmware":"1.2"}');
    expect((await hub.receive('$iothub/twin/res/')).topic).toMatch(
      /^\$iothub\/twin\/res\/204\/\?\$rid=r1&\$version=\d+$/,
    );

    context.hub.updateDesiredProperties(deviceId, { interval: 5 });
    const desired = await hub.receive('$iothub/twin/PATCH/properties/desired/');
    expect(JSON.parse(desired.body)).toMatchObject({ interval: 5 });

    await hub.publish('$iothub/twin/GET/?$rid=r2', '');
    const twin = await hub.receive('$iothub/twin/res/');
    expect(twin.topic).toBe('$iothub/twin/res/200/?$rid=r2');
    expect(JSON.parse(twin.body)).toMatchObject({ desired: { interval: 5 }, reported: { firmware: '1.2' } });
  });

  it('answers a direct method', async () => {
    await using hub = await connectToHub();
    await hub.subscribe('$iothub/methods/POST/#');
    const answer = context.hub.invokeMethod(deviceId, { methodName: 'open', payload: { percent: 40 } });
    const request = await hub.receive('$iothub/methods/POST/open/');
    expect(JSON.parse(request.body)).toEqual({ percent: 40 });
    const requestId = /\$rid=(?<id>[^&]+)/.exec(request.topic)?.groups?.['id'] ?? '';
    await hub.publish(`$iothub/methods/res/200/?$rid=${requestId}`, '{"ok":true}');
    expect(await answer).toEqual({ status: 200, payload: { ok: true } });
  });

  it('gets the messages that waited for its persistent session', async () => {
    {
      await using hub = await connectToHub(false);
      await hub.subscribe(`devices/${deviceId}/messages/devicebound/#`);
    }
    const { outcome } = await context.hub.sendCloudToDevice(deviceId, {
      body: 'wake up',
      properties: { a: 'b c' },
    });
    await using hub = await connectToHub(false);
    const message = await hub.receive(`devices/${deviceId}/messages/devicebound/`);
    expect(message.body).toBe('wake up');
    expect(message.topic).toContain('a=b%20c');
    expect(await outcome).toBe('Success');
  });
});
