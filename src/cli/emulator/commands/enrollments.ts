import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { alignColumns } from '../../output/text';
import { controlFlags, controlOf } from '../flags';
import { placeOf } from '../place';

async function list({ values, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const rows = await controlOf(values, io).call('enrollments', {});
  output.result({
    json: rows,
    text: ({ bold }) =>
      rows.length === 0
        ? [`There are no enrollments yet. Make one: ${placeOf(values, io).command('enroll', 'CERTIFICATE')}`]
        : alignColumns([
            ['KIND', 'ID', 'STATUS', 'DETAIL'].map(bold),
            ...rows.map(({ kind, id, status, detail }) => [kind, id, status, detail]),
          ]),
  });
  return EXIT.ok;
}

/** The command `emulator enrollments`. */
export const emulatorEnrollments = defineCommand({
  name: 'emulator enrollments',
  summary: 'Lists the enrollments, groups and certificate authorities of a running emulator',
  description: ['Shows what is let in by DPS, and by which certificate authority.'],
  flags: controlFlags,
  examples: [{ does: 'List them', line: 'azure-iot-x509 emulator enrollments' }],
  load: () => ({ run: list }),
});

const ACTIONS = ['enable', 'disable', 'delete'] as const;

const changeFlags = flagTable({
  ...controlFlags,
  group: { type: 'boolean', description: 'ID is the name of an enrollment group.' },
});

async function change({ values, operands, io, output }: Invocation<typeof changeFlags>): Promise<number> {
  const [action = '', id = ''] = operands;
  await controlOf(values, io).call('changeEnrollment', { id, action, isGroup: values.group });
  const what = values.group ? 'Enrollment group' : 'Individual enrollment';
  output.result({ json: { id, action }, text: () => [`${what} ${id}: ${action}d.`] });
  return EXIT.ok;
}

/** The command `emulator enrollment`. */
export const emulatorEnrollment = defineCommand({
  name: 'emulator enrollment',
  summary: 'Enables, disables or deletes an enrollment of a running emulator',
  description: ['Takes effect at the next registration; the device stays at its hub.'],
  operands: [
    {
      name: 'ACTION',
      type: 'enum',
      values: ACTIONS,
      required: true,
      description: 'enable, disable or delete.',
    },
    { name: 'ID', required: true, description: 'Registration ID, or with --group the name of the group.' },
  ],
  flags: changeFlags,
  examples: [
    { does: 'Let a device in no more', line: 'azure-iot-x509 emulator enrollment disable pump-1' },
    { does: 'Delete a group', line: 'azure-iot-x509 emulator enrollment delete pumps --group' },
  ],
  load: () => ({ run: change }),
});
