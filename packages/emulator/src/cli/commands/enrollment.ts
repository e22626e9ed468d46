import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { action } from '../arguments/options';
import type { Context } from './context';

/** The command `enrollment`. */
export function enrollment(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('enrollment')
    .description('Enables, disables or deletes an enrollment, from the next registration on.')
    .addArgument(action(['enable', 'disable', 'delete']))
    .argument('<ID>', 'Registration ID, or with --group the name of the group.')
    .option('--group', 'ID is the name of an enrollment group.')
    .action(
      context.inEmulator(({ emulator: { dps } }, change, id, { group }) => {
        const enrollments = group === true ? dps.enrollmentGroups : dps.individualEnrollments;
        if (change === 'delete') enrollments.delete(id);
        else enrollments.update(id, { provisioningStatus: `${change}d` });
        const subject = group === true ? 'Enrollment group' : 'Individual enrollment';
        context.output.result({ id, action: change }, `${subject} ${id}: ${change}d.`);
      }),
    );
}
