import type { DeviceError } from 'azure-iot-certificates';
import { isLoopback } from '../errors/emulator';
import { ConnectionError } from '../errors/errors';
import type { HubLink } from '../hub/link';
import type { Feature, SwitchedFeature } from '../hub/sdk-features';
import { abortable } from '../network/deadline';

/**
 * The number of successive connections that a hub ends at the subscription of one feature, after which the feature
 * counts as refused. Once one feature does, a single end is enough for another one.
 */
const MAX_LOSSES = 2;
/** The pause before refused features are tried again. It doubles with each try. */
const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 3_600_000;

const NAMES: Readonly<Record<Feature, string>> = {
  cloudToDevice: 'cloud-to-device messages',
  methods: 'direct methods',
  desiredProperties: 'the desired properties of the device twin',
  twin: 'reading and reporting the device twin',
};

/** The observers of {@link Features}. */
export interface FeaturesInit {
  /** Gets the one error that names all refused features; `undefined` when none is refused any more. */
  readonly onRefused: (error: DeviceError | undefined) => void;
  /** A link has ended at the subscription of a feature. Returns `true` if the cause may be another one. */
  readonly isInDoubt: (link: HubLink) => boolean;
  /** A feature was enabled that no earlier link had, or that was refused until now. */
  readonly onEnabled: (feature: SwitchedFeature, link: HubLink) => void;
}

/**
 * The features that the program uses, over links that come and go: cloud-to-device messages, direct methods and desired
 * properties, and the answers to twin operations. They are enabled one after the other, and each failure is that of one
 * feature. A refused feature is left out on later links and tried again after a minute, then after longer and longer
 * pauses of up to an hour, and at another hub.
 */
export class Features {
  readonly #init: FeaturesInit;
  readonly #wanted = new Set<SwitchedFeature>();
  /** The refused features with the reason of each. */
  readonly #refused = new Map<Feature, unknown>();
  /** The successive connections that ended at the subscription of a feature. */
  readonly #losses = new Map<Feature, number>();
  /** True if the hub has refused a feature by ending connections. */
  #hubEndsConnections = false;
  #host: string | undefined;
  #link: HubLink | undefined;
  /** The switching under way. Never rejects. */
  #turn: Promise<unknown> = Promise.resolve();
  #tries = 0;
  /** The time of the next try of a refused feature, on the clock of `performance`. */
  #retryAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(init: FeaturesInit) {
    this.#init = init;
  }

  wants(feature: SwitchedFeature): boolean {
    return this.#wanted.has(feature);
  }

  /** Takes a fresh link into use, and enables the features on it. Rejects when the link is over. */
  async attach(link: HubLink): Promise<void> {
    if (link.host !== this.#host) this.#forget(link.host);
    this.#link = link;
    if (link.isOpen) link.over.addEventListener('abort', () => this.#onLost(link), { once: true });
    await this.#inTurn(async () => {
      for (const feature of this.#wanted) if (!this.#refused.has(feature)) await this.#try(feature, link);
    });
    link.over.throwIfAborted();
    this.#planRetry();
  }

  /** The link is down. */
  detach(): void {
    this.#link = undefined;
    clearTimeout(this.#timer);
  }

  /** Uses a feature from now on. Resolves when it is enabled, refused or left to the next link; never rejects. */
  async enable(feature: SwitchedFeature): Promise<void> {
    const isNew = !this.#wanted.has(feature);
    this.#wanted.add(feature);
    const link = this.#link;
    if (!link || this.#refused.has(feature)) return;
    await this.#inTurn(async () => {
      if ((await this.#try(feature, link)) && isNew) this.#init.onEnabled(feature, link);
    });
  }

  /** Uses a feature no longer. Resolves when it is disabled or the link is over; never rejects. */
  async disable(feature: SwitchedFeature): Promise<void> {
    this.#wanted.delete(feature);
    this.#losses.delete(feature);
    const link = this.#link;
    const wasRefused = this.#refused.has(feature);
    this.accepted(feature);
    if (!link || wasRefused) return;
    await this.#inTurn(() => abortable(link.switch(feature, 'disable'), link.over).catch(() => undefined));
  }

  /** The error for an operation of a refused feature. Now and then one operation is let through as a try. */
  refusal(feature: Feature): DeviceError | undefined {
    if (!this.#refused.has(feature)) return undefined;
    if (performance.now() < this.#retryAt) return this.#error([feature]);
    this.#postpone();
    return undefined;
  }

  /** The hub offers the feature. */
  accepted(feature: Feature): void {
    this.#losses.delete(feature);
    if (!this.#refused.delete(feature)) return;
    if (this.#refused.size === 0) this.#forgive();
    this.#tell();
  }

  /** The hub has refused the feature. Returns the error for an operation that needs it. */
  refused(feature: Feature, reason: unknown): DeviceError {
    if (this.#refused.size === 0) this.#postpone();
    this.#refused.set(feature, reason);
    this.#tell();
    this.#planRetry();
    return this.#error([feature]);
  }

  /** Another hub may offer what the last one refused. */
  #forget(host: string): void {
    this.#host = host;
    this.#losses.clear();
    this.#forgive();
    if (this.#refused.size === 0) return;
    this.#refused.clear();
    this.#tell();
  }

  #forgive(): void {
    this.#hubEndsConnections = false;
    this.#tries = 0;
  }

  #onLost(link: HubLink): void {
    const feature = link.endedAt;
    if (feature === undefined || this.#init.isInDoubt(link)) return;
    const losses = (this.#losses.get(feature) ?? 0) + 1;
    this.#losses.set(feature, losses);
    if (losses < MAX_LOSSES && !this.#hubEndsConnections && !this.#refused.has(feature)) return;
    this.#hubEndsConnections = true;
    this.refused(feature, link.explain(link.over.reason));
  }

  /** Enables a feature. Returns whether the hub offers it; a link that is over says nothing about it. */
  async #try(feature: SwitchedFeature, link: HubLink): Promise<boolean> {
    if (!link.isOpen || !this.#wanted.has(feature)) return false;
    try {
      await abortable(link.switch(feature, 'enable'), link.over);
      this.accepted(feature);
      return true;
    } catch (error) {
      if (!link.over.aborted && this.#wanted.has(feature)) this.refused(feature, error);
      return false;
    }
  }

  /** One feature is switched at a time, so that a lost link tells which one the hub does not like. */
  async #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  #postpone(): void {
    this.#tries += 1;
    const delay = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#tries - 1));
    this.#retryAt = performance.now() + delay;
  }

  #planRetry(): void {
    clearTimeout(this.#timer);
    const link = this.#link;
    if (!link || this.#refused.size === 0) return;
    const delay = Math.max(0, this.#retryAt - performance.now());
    this.#timer = setTimeout(() => void this.#retry(link), delay).unref();
  }

  /** Tries the refused features in their order, up to the first one that is refused again. */
  async #retry(link: HubLink): Promise<void> {
    this.#postpone();
    await this.#inTurn(async () => {
      for (const feature of this.#wanted) {
        if (!this.#refused.has(feature)) continue;
        if (!(await this.#try(feature, link))) break;
        this.#init.onEnabled(feature, link);
      }
    });
    if (this.#link === link) this.#planRetry();
  }

  #tell(): void {
    const refused = [...this.#refused.keys()];
    this.#init.onRefused(refused.length === 0 ? undefined : this.#error(refused));
  }

  #error(features: readonly Feature[]): ConnectionError {
    const host = this.#host ?? 'the hub';
    const [first] = features;
    // A hub on this machine is in no portal.
    const place = isLoopback(host) ? '' : ': Azure portal > your IoT hub > Pricing and scale';
    return new ConnectionError({
      code: 'FEATURE_REFUSED',
      service: 'hub',
      host,
      message: `${host} refused ${list(features.map((feature) => NAMES[feature]))}; telemetry goes on. Hubs of the Basic tier have no cloud-to-device messages, direct methods and device twins.`,
      remedy: `Use a hub of the Standard or Free tier${place}. If the hub is of such a tier, the library tries again by itself within an hour.`,
      cause: first && this.#refused.get(first),
    });
  }
}

function list(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names.slice(-1).join('')}`;
}
