import type { X509Certificate } from 'node:crypto';
import { toJson, type JsonObject } from '../../protocol/json';
import type { EnrollmentGroup, EnrollmentTerms, IndividualEnrollment } from '../types/dps';
import { certificateInformation } from './certificate-information';

/* Enrollments in the form of the service's REST API, which is what a custom allocation gets to see. */

type Certificates = readonly X509Certificate[];

/** DPS: the query of a webhook's URL is a secret and not repeated. */
function maskedUrl(webhookUrl: string): string {
  const [address = ''] = webhookUrl.split('?', 1);
  return address === webhookUrl ? address : `${address}?****`;
}

function termsContract(terms: EnrollmentTerms): object {
  const { customAllocationDefinition: definition } = terms;
  return {
    capabilities: terms.capabilities,
    iotHubs: terms.iotHubs,
    initialTwin: terms.initialTwin,
    allocationPolicy: terms.allocationPolicy,
    ...(definition !== undefined && {
      customAllocationDefinition: { ...definition, webhookUrl: maskedUrl(definition.webhookUrl) },
    }),
    provisioningStatus: terms.provisioningStatus,
    reprovisionPolicy: terms.reprovisionPolicy,
    createdDateTimeUtc: terms.createdDateTimeUtc,
    lastUpdatedDateTimeUtc: terms.lastUpdatedDateTimeUtc,
    etag: terms.etag,
  };
}

function certificatesContract([primary, secondary]: Certificates): object {
  return {
    ...(primary !== undefined && { primary: { info: certificateInformation(primary) } }),
    ...(secondary !== undefined && { secondary: { info: certificateInformation(secondary) } }),
  };
}

export function individualEnrollmentContract(
  enrollment: IndividualEnrollment,
  certificates: Certificates,
): JsonObject {
  const { registrationId, deviceId, optionalDeviceInformation } = enrollment;
  return toJson({
    registrationId,
    deviceId,
    optionalDeviceInformation,
    attestation: { type: 'x509', x509: { clientCertificates: certificatesContract(certificates) } },
    ...termsContract(enrollment),
  });
}

export function enrollmentGroupContract(
  group: EnrollmentGroup,
  signingCertificates: Certificates,
): JsonObject {
  const { enrollmentGroupId, certificateName, secondaryCertificateName } = group;
  const x509 =
    certificateName === undefined
      ? { signingCertificates: certificatesContract(signingCertificates) }
      : { caReferences: { primary: certificateName, secondary: secondaryCertificateName } };
  return toJson({
    enrollmentGroupId,
    attestation: { type: 'x509', x509 },
    ...termsContract(group),
  });
}
