export { isHostName, isName } from './names';
export { makeStateDirectory } from './state/make-directory';
export { StateInUseError } from './state/problems';
