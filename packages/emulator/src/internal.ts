export { isHostName, isName } from './options/names';
export { makeStateDirectory } from './state/make-directory';
export { StateInUseError } from './state/problems';
