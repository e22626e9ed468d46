import type { DpsInstance } from '../dps/instance';
import type { ProvisioningStatus } from '../dps/types/dps';
import { EmulatorError, SERVICE_ERROR } from '../protocol/errors';
import type { CentralEnrollmentGroup, CentralEnrollmentGroupInit, CentralEnrollmentGroups } from './types';

/** The application's enrollment groups: each an uploaded CA and a group of the same name in the DPS behind it. */
export class CentralEnrollmentGroupStore implements CentralEnrollmentGroups {
  readonly #dps: DpsInstance;

  constructor(dps: DpsInstance) {
    this.#dps = dps;
  }

  create({ name, certificate, isVerified = false }: CentralEnrollmentGroupInit): CentralEnrollmentGroup {
    const { certificates, enrollmentGroups } = this.#dps;
    const uploaded = certificates.upload({ name, certificate, isVerified });
    try {
      enrollmentGroups.create({ enrollmentGroupId: name, certificateName: name });
    } catch (error) {
      certificates.delete(name);
      throw error;
    }
    return { name, certificate: uploaded.certificate, isVerified, isEnabled: true };
  }

  generateVerificationCode(name: string): string {
    this.#require(name);
    return this.#dps.certificates.generateVerificationCode(name);
  }

  verify(name: string, verificationCertificate: string): CentralEnrollmentGroup {
    this.#require(name);
    this.#dps.certificates.verify(name, verificationCertificate);
    return this.#require(name);
  }

  get(name: string): CentralEnrollmentGroup | undefined {
    const uploaded = this.#dps.certificates.get(name);
    const group = this.#dps.enrollmentGroups.get(name);
    if (uploaded === undefined || group === undefined) return undefined;
    const { certificate, isVerified } = uploaded;
    return { name, certificate, isVerified, isEnabled: group.provisioningStatus === 'enabled' };
  }

  list(): readonly CentralEnrollmentGroup[] {
    return this.#dps.certificates.list().flatMap(({ name }) => this.get(name) ?? []);
  }

  disable(name: string): CentralEnrollmentGroup {
    return this.#setStatus(name, 'disabled');
  }

  enable(name: string): CentralEnrollmentGroup {
    return this.#setStatus(name, 'enabled');
  }

  delete(name: string): void {
    this.#require(name);
    this.#dps.enrollmentGroups.delete(name);
    this.#dps.certificates.delete(name);
  }

  #setStatus(name: string, provisioningStatus: ProvisioningStatus): CentralEnrollmentGroup {
    this.#require(name);
    this.#dps.enrollmentGroups.update(name, { provisioningStatus });
    return this.#require(name);
  }

  #require(name: string): CentralEnrollmentGroup {
    const group = this.get(name);
    if (group !== undefined) return group;
    throw new EmulatorError(SERVICE_ERROR.enrollmentGroupNotFound, `There is no enrollment group ${name}`);
  }
}
