import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { DpsEmulator } from '../../index';
import { table } from '../terminal/output';
import type { Context } from './context';

/** The enrollments, enrollment groups and certificate authorities, as the list shows them. */
function rowsOf({ individualEnrollments, enrollmentGroups, certificates }: DpsEmulator) {
  return [
    ...individualEnrollments.list().map(({ registrationId, deviceId, provisioningStatus }) => ({
      ...{ kind: 'individual', id: registrationId, status: provisioningStatus, detail: deviceId },
    })),
    ...enrollmentGroups.list().map(({ enrollmentGroupId, certificateName, provisioningStatus }) => ({
      ...{ kind: 'group', id: enrollmentGroupId, status: provisioningStatus },
      detail: certificateName ?? 'signing certificate',
    })),
    ...certificates.list().map(({ name, subject, isVerified }) => ({
      ...{ kind: 'ca', id: name, status: isVerified ? 'verified' : 'unverified' },
      detail: subject.replaceAll('\n', ', '),
    })),
  ];
}

/** The command `enrollments`. */
export function enrollments(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('enrollments')
    .description('Lists the enrollments, enrollment groups and certificate authorities.')
    .action(
      context.inEmulator(({ emulator }) => {
        const rows = rowsOf(emulator.dps);
        context.output.result(
          rows,
          rows.length === 0
            ? `There are no enrollments yet. Make one: ${context.place.command('enroll', 'CERTIFICATE')}`
            : table(
                ['KIND', 'ID', 'STATUS', 'DETAIL'],
                rows.map(({ kind, id, status, detail }) => [kind, id, status, detail]),
              ),
        );
      }),
    );
}
