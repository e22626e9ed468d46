/** The profile of `profile init` and `profile show` without an operand, in the working directory. */
export const DEFAULT_PROFILE = 'device-profile.json';
