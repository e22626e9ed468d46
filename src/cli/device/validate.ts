import { InvalidOptionsError, type OptionProblem } from 'azure-iot-certificates';
import type { ConnectOptions } from '../../options/types';
import { validateConnectOptions } from '../../options/validate';

/** Options with which nothing is wrong, so that the checks of the library can be asked about one of them. */
const SOUND: ConnectOptions = {
  enrollment: 'hub-individual',
  idScope: '0ne00ABCDEF',
  certFile: 'device.crt',
  keyFile: 'device.key',
};

/** What the library finds wrong with options; those that are absent count as sound. */
export function optionProblems(options: Readonly<Record<string, unknown>>): readonly OptionProblem[] {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  try {
    validateConnectOptions({ ...SOUND, ...given });
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
}
