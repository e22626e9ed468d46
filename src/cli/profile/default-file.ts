/** Where a profile is when nothing says otherwise, in the working directory. */
export const DEFAULT_PROFILE = 'device-profile.json';
