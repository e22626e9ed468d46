import { explainLoss } from '../../src/errors/loss';
import type { LossFacts } from '../../src/errors/wire-error';

/* A connection that the other side ends without a reason: the probable causes, the most probable first. */

function explain(facts: Partial<LossFacts>, more: Partial<Parameters<typeof explainLoss>[0]> = {}) {
  return explainLoss({
    ...{ host: 'hub.example.net', service: 'hub', isReset: false, shortLived: 1 },
    facts: { unacknowledged: 0, livedMs: 1_000, ...facts },
    ...more,
  });
}

/** The words of each cause, in the order of the remedy. */
const CAUSES: Readonly<Record<string, RegExp>> = {
  feature: /tier Basic/,
  throttling: /throttled/,
  quota: /daily quota/,
  message: /does not accept the message/,
  client: /second client/,
  network: /network in between/,
  refused: /refuses the certificate/,
};

function causesOf(remedy: string): readonly string[] {
  return remedy
    .split(/\(\d\) /)
    .slice(1)
    .flatMap((part) => Object.keys(CAUSES).filter((name) => CAUSES[name]?.test(part)));
}

test.each<[string, Partial<LossFacts>, number, string]>([
  ['a message without acknowledgement', { unacknowledged: 1 }, 1, 'message'],
  ['a message again and again', { unacknowledged: 1 }, 3, 'quota'],
  ['hundreds of messages', { unacknowledged: 300 }, 1, 'throttling'],
  ['a subscription', { subscribing: '$iothub/twin/res/#' }, 1, 'feature'],
  ['nothing, soon after connecting', {}, 1, 'client'],
  ['nothing, after hours', { livedMs: 7_200_000 }, 1, 'network'],
  ['CONNECT', { stage: 'connack', livedMs: undefined }, 1, 'refused'],
])('after %s the most probable cause comes first', (_what, facts, shortLived, first) => {
  const { code, remedy, isTransient } = explain(facts, { shortLived });
  expect([code, isTransient]).toEqual(['CONNECTION_LOST', true]);
  expect(causesOf(remedy)[0]).toBe(first);
  expect(remedy).toContain('probable causes');
});

test('after a message, all its probable causes are listed', () => {
  const causes = causesOf(explain({ unacknowledged: 1 }).remedy);
  expect(causes).toEqual(expect.arrayContaining(['message', 'quota', 'throttling', 'client']));
});
