/** A model ID with its version, as Digital Twins Definition Language writes it: `dtmi:com:example:Thermostat;1`. */
export function withModelVersion(modelId: string, version: number | string): string {
  return `${modelId};${version}`;
}
