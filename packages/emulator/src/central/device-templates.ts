import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../protocol/errors';
import type { JsonObject, JsonValue } from '../protocol/json';
import { object } from '../schemas/objects';
import { listOf, refined, text } from '../schemas/values';
import { readStored } from '../stored/stored-value';
import type { CentralDeviceTemplate, CentralDeviceTemplateInit, CentralDeviceTemplates } from './types';

// DTDL: a scheme, segments, and (up to version 2 always) a version; at most 2048 characters.
const MODEL_ID =
  /^(?=.{1,2048}$)dtmi(?::[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?)+(?:;[1-9]\d{0,8}(?:\.[1-9]\d{0,5})?)?$/;

function createTemplate({
  modelId,
  displayName = modelId,
}: CentralDeviceTemplateInit): CentralDeviceTemplate {
  if (!MODEL_ID.test(modelId)) throw invalidArgument('modelId must be a DTMI such as dtmi:contoso:Pump;1');
  return { modelId, displayName };
}

const STORED = listOf(refined(object({ modelId: text, displayName: text }), createTemplate));

/** The surroundings of the store. */
interface DeviceTemplateStoreInit {
  /** The ID of a device that has the template. */
  readonly userOf: (modelId: string) => string | undefined;
  readonly onChange: () => void;
}

/** The application's device templates by their model IDs. */
export class DeviceTemplateStore implements CentralDeviceTemplates {
  readonly #templates = new Map<string, CentralDeviceTemplate>();
  readonly #init: DeviceTemplateStoreInit;

  constructor(init: DeviceTemplateStoreInit) {
    this.#init = init;
  }

  create(init: CentralDeviceTemplateInit): CentralDeviceTemplate {
    const template = createTemplate(init);
    if (this.#templates.has(template.modelId)) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `There is a device template for ${template.modelId} already`,
      );
    }
    this.#templates.set(template.modelId, template);
    this.#init.onChange();
    return template;
  }

  get(modelId: string): CentralDeviceTemplate | undefined {
    return this.#templates.get(modelId);
  }

  list(): readonly CentralDeviceTemplate[] {
    return [...this.#templates.values()];
  }

  delete(modelId: string): void {
    this.require(modelId);
    const user = this.#init.userOf(modelId);
    if (user !== undefined) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `Device ${user} has the device template ${modelId}`,
      );
    }
    this.#templates.delete(modelId);
    this.#init.onChange();
  }

  /** @throws EmulatorError 404000 */
  require(modelId: string): CentralDeviceTemplate {
    const template = this.get(modelId);
    if (template !== undefined) return template;
    throw new EmulatorError(SERVICE_ERROR.genericNotFound, `There is no device template for ${modelId}`);
  }

  get isEmpty(): boolean {
    return this.#templates.size === 0;
  }

  snapshot(): readonly JsonObject[] {
    return this.list().map(({ modelId, displayName }) => ({ modelId, displayName }));
  }

  restore(value: JsonValue | undefined, path: string): void {
    const templates = readStored(STORED, value, path);
    this.#templates.clear();
    for (const template of templates) this.#templates.set(template.modelId, template);
  }
}
