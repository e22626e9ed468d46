/** The last version of the API in which devices always stayed at their first hub. */
const LAST_WITHOUT_REPROVISIONING = '2018-04-01';

/**
 * Tells whether an API version of DPS is older than re-provisioning. Versions are dates, some with the suffix
 * `-preview`.
 */
export function isBeforeReprovisioning(apiVersion: string): boolean {
  return apiVersion.slice(0, LAST_WITHOUT_REPROVISIONING.length) <= LAST_WITHOUT_REPROVISIONING;
}
