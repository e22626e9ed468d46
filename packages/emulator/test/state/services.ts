import {
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { CentralApplication } from '../../src/central/application';
import { DpsInstance } from '../../src/dps/instance';
import { Hub } from '../../src/hub/hub';
import { DEFAULT_UNVERIFIED_BEHAVIOR as unverifiedBehavior } from '../../src/options/unverified-behavior';

/* Services that nobody can reach, for what concerns their content alone. */

export function createHub(name: string): Hub {
  const hub = new Hub({ name, allocationWeight: 1, latencyMs: 0 }, unverifiedBehavior);
  hub.listensOn(`${name}.example.org:8883`);
  return hub;
}

/** With two hubs, `north` and `south`. */
export function createDps(): DpsInstance {
  const linkedHubs = ['north', 'south'].map(createHub);
  return new DpsInstance({ idScope: '0ne00000001', linkedHubs, unverifiedBehavior });
}

export function createCentral(): CentralApplication {
  return new CentralApplication('0ne00000002', createHub('central'), unverifiedBehavior);
}

/** Certificates for the devices `d0`, `d1` and so on, and as many roots. */
export async function createCertificates(
  count: number,
): Promise<{ devices: readonly IssuedCertificate[]; roots: readonly IssuedCertificate[] }> {
  const names = Array.from({ length: count }, (_, index) => `d${index}`);
  return {
    devices: await Promise.all(names.map((commonName) => createSelfSignedCertificate({ commonName }))),
    roots: await Promise.all(names.map((commonName) => createRootCertificate({ commonName }))),
  };
}
