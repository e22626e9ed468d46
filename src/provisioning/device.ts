import {
  CredentialsError,
  inspectCredentials,
  InvalidOptionsError,
  type KeyMaterial,
} from 'azure-iot-certificates/internal';
import type { EnrollmentKind } from 'azure-iot-certificates';
import { TimeoutError } from '../errors/errors';
import { extraRoots } from '../network/secure-context';
import { proxyRule, type ProxyRule } from '../options/proxy';
import type { ProvisionOptions, TransportKind } from '../options/types';
import { DEFAULT_GLOBAL_ENDPOINT } from '../options/validate';

/** A device that is ready to register. Its options are read, checked and completed with their defaults. */
export interface Device {
  readonly enrollment: EnrollmentKind;
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly registrationId: string;
  readonly material: KeyMaterial;
  readonly modelId: string | undefined;
  /** The payload of the registration: that of the caller with the model ID added. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  readonly transport: TransportKind;
  /** The proxy through which a host is reached. */
  readonly proxyFor: ProxyRule;
  /** Roots to verify the servers with, besides the runtime's own. */
  readonly roots: readonly string[] | undefined;
  /** The file with the certificate, if it came from one. */
  readonly certFile: string | undefined;
}

/**
 * Reads the files that the options name and checks everything that can be checked without a network.
 *
 * @throws {@link CredentialsError} when the certificate or key cannot work, {@link InvalidOptionsError} for
 * an option whose content is wrong, {@link FileError} when the file of roots cannot be read
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
    certFile: options.certFile,
  };
}

/** The error for a call whose deadline passes while {@link prepareDevice} still reads. */
export function preparationTimeout(timeoutMs: number): TimeoutError {
  return new TimeoutError({
    message: `The certificate and key were still being read after ${timeoutMs / 1000} s.`,
    remedy: 'Check that the file system answers, or give the call more time with timeoutMs.',
  });
}
