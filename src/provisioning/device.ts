import { inspectCredentials, type KeyMaterial } from 'azure-iot-certificates/internal';
import { CredentialsError, type EnrollmentKind, InvalidOptionsError } from 'azure-iot-certificates';
import type { ProvisionOptions, TransportKind } from '../options/types';
import { extraRoots } from '../network/extra-roots';
import { proxyRule, type ProxyRule } from '../options/proxy';
import { DEFAULT_GLOBAL_ENDPOINT } from '../options/validate';

/** A device ready to register: options read, checked and completed with their defaults. */
export interface Device {
  readonly enrollment: EnrollmentKind;
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly registrationId: string;
  readonly material: KeyMaterial;
  readonly modelId: string | undefined;
  /** What DPS is told: the caller's payload, and the model ID in it. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  readonly transport: TransportKind;
  /** The proxy through which a host is reached. */
  readonly proxyFor: ProxyRule;
  /** Roots to verify the servers with, besides the runtime's own. */
  readonly roots: readonly string[] | undefined;
}

/**
 * Reads and checks everything that can be checked without a network.
 *
 * @throws {@link CredentialsError} when the certificate or key cannot work, {@link InvalidOptionsError} for what only
 * reading reveals
 */
export async function prepareDevice(options: ProvisionOptions): Promise<Device> {
  const proxyFor = proxyRule(options);
  const [{ report, material }, roots] = await Promise.all([inspectCredentials(options), extraRoots(options)]);
  if (!report.ok || !material) throw new CredentialsError(report);
  const { registrationId } = report;
  if (registrationId === undefined) {
    throw new InvalidOptionsError([
      {
        option: 'registrationId',
        message: 'is missing, and the certificate has no common name to take it from.',
        remedy: 'Use a certificate whose common name is the registration ID.',
      },
    ]);
  }
  const { modelId, payload } = options;
  return {
    enrollment: options.enrollment,
    idScope: options.idScope,
    globalEndpoint: options.globalEndpoint ?? DEFAULT_GLOBAL_ENDPOINT,
    registrationId,
    material,
    modelId,
    payload: modelId === undefined ? payload : { ...payload, modelId },
    transport: options.transport ?? 'mqtt',
    proxyFor,
    roots,
  };
}
